package service

import (
	"context"
	"time"

	"revere/alerting"
	"revere/alerting/engine"
)

// How often the details of filed alerts that were asked for are forgotten, and after how long.
const (
	tidyEvery   = time.Minute
	recalledFor = 10 * time.Minute
)

// readFiled sets the board up with what is filed, and follows it from then on.
func (s *Service) readFiled(ctx, reading context.Context) error {
	s.board.Archive = engine.Archive{Context: reading, Engine: s.engine}
	s.board.Failed = func(err error) {
		if reading.Err() == nil {
			s.log.Error().Err(err).Msg("the details of a filed alert could not be read")
		}
	}
	filed, checkpoint, reached, err := s.engine.Filed(ctx)
	if err != nil {
		return err
	}
	s.board.Begin(filed, checkpoint)
	go s.recall(reading)
	return s.engine.FollowFiled(reading, reached, func(f alerting.Filed) {
		if s.board.Wait(reading, f.Latest) == nil { // else it would not be known that it is over
			s.board.File(f)
		}
	})
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
			s.board.Tidy(now.Add(-recalledFor))
		}
		for _, key := range s.board.Stale() {
			_ = s.board.Recall(key) // the board tells the operator; the others don't wait
		}
	}
}
