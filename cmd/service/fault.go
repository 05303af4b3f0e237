package service

import (
	"github.com/rs/zerolog"

	"revere/alerting/faults"
)

// checkFault warns the operator of a process that is to die at a named moment.
func checkFault(log zerolog.Logger) error {
	plan, err := faults.Armed()
	if plan.Point != "" {
		log.Warn().Stringer("at", plan).Msg(faults.Variable + " is set, for tests: this process will kill itself there")
	}
	return err
}
