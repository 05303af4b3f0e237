package engine

import (
	"maps"

	"revere/alerting"
)

// guarded is what apply makes of a message; an error too where it panics.
func guarded(apply func(entry) error, m entry) (err error) {
	defer alerting.Rescue(&err)
	return apply(m)
}

// applied does something with a message that could be read, and tells of its panic as an error.
func applied(do func()) (err error) {
	defer alerting.Rescue(&err)
	do()
	return nil
}

// passOver tells of a message of a stream that could not be taken in, and counts it.
func (e *Engine) passOver(stream string, sequence uint64, err error) {
	e.log.Error().Err(err).Str("stream", stream).Uint64("sequence", sequence).Msg("stored message passed over")
	e.passed.mu.Lock()
	defer e.passed.mu.Unlock()
	if e.passed.over == nil {
		e.passed.over = map[string]int{}
	}
	e.passed.over[stream]++
}

// PassedOver counts, by stream, the stored messages that this process could not take in: it can't read
// them, or they make it fail. Each is in the log with its sequence.
func (e *Engine) PassedOver() map[string]int {
	e.passed.mu.Lock()
	defer e.passed.mu.Unlock()
	return maps.Clone(e.passed.over)
}
