package escalation

import (
	"context"

	"revere/alerting"
)

// Look does once what Run does at every change.
func (e *Escalator) Look(ctx context.Context) error {
	if e.seen == nil {
		e.seen = map[alerting.Key]watched{}
	}
	_, err := e.look(ctx)
	return err
}
