package service

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/filing"
)

// tidyEvery is how often the details of filed alerts that were asked for are forgotten.
const tidyEvery = time.Minute

// readFiled sets the board up with what is filed, and follows it from then on.
func (s *Service) readFiled(ctx, reading context.Context) error {
	s.board.Archive = engine.Archive{Context: reading, Engine: s.engine}
	readings := readings{log: s.log}
	s.board.Recalled = func(key alerting.Key, err error) {
		if reading.Err() == nil {
			readings.told(key, err, time.Now())
		}
	}
	filed, checkpoint, reached, err := s.engine.Filed(ctx)
	if err != nil {
		return err
	}
	if err := s.board.Begin(filed, checkpoint); err != nil {
		s.log.Warn().Err(err).Msg("what is open for long can't be read by itself; the ledger is read from its beginning instead")
	}
	go s.recall(reading)
	return s.engine.FollowFiled(reading, reached, func(f alerting.Filed) {
		if s.board.Wait(reading, f.Latest) == nil { // else it would not be known that it is over
			s.board.File(f)
		}
	})
}

// readings tell the operator of filed alerts that can't be read. They are tried again until what was heard of them is
// filed, and whenever somebody asks. That one is filed anew does not end it: it can't be read until it has been, and
// that is said then. What is kept of it is less than its line on the board.
type readings struct {
	log    zerolog.Logger
	failed alerting.Spells
}

// told is what one reading came to.
func (r *readings) told(key alerting.Key, err error, now time.Time) {
	if err == nil {
		if since, did := r.failed.Over(key); did {
			r.log.Info().Str("alert", string(key)).Time("since", since).Msg("the details of a filed alert can be read again")
		}
		return
	}
	if since, say := r.failed.GoesOn(key, now); say {
		r.log.Error().Err(err).Str("alert", string(key)).Time("since", since).Msg("the details of a filed alert can't be read")
	}
}

// recall reads the details of filed alerts again of which something new was heard, and forgets those
// that nobody asked for lately.
func (s *Service) recall(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.board.Recalls():
		case now := <-tick.C: // and what could not be read before
			s.board.Tidy(now.Add(-filing.Rest))
		}
		for _, key := range s.board.Stale() {
			_ = s.board.Recall(key) // the board tells the operator; the others don't wait
		}
	}
}
