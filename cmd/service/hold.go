package service

import (
	"context"
	"fmt"
	"time"

	"revere/alerting"
	"revere/alerting/recovery"
)

// watchHold takes in whether messages are held, and says so in the log.
func (s *Service) watchHold(h alerting.Hold) {
	switch before := s.gate.Hold(); {
	case h.Held():
		s.log.Warn().Time("restored", h.Since).Time("backup", h.Backup).Msg("held: this system was restored from a backup and sends nothing; `revere release` shows what waits, and lets it go")
	case h.Doubts():
		s.log.Info().Str("by", h.By).Msg("released: nothing is sent before a router has put on record what may have gone out before the restore")
	case before.Held() || before.Doubts():
		s.log.Info().Str("by", h.By).Msg("released: messages go out from now on")
	}
	s.gate.Set(h)
}

// routerLook is how often it is looked whether a router has run since a restore.
const routerLook = 30 * time.Second

// awaitRouter says in the log, as long as that is so, that nothing is sent since no router has run after a restore.
// Where one runs it is over before it is looked.
func (s *Service) awaitRouter(running context.Context) {
	for s.gate.Hold().Doubts() {
		select {
		case <-running.Done():
			return
		case <-time.After(routerLook):
		}
		if s.gate.Hold().Doubts() {
			s.log.Warn().Msg(alerting.AwaitsRouter)
		}
	}
}

// settle puts on record, once after a restore, what may have gone out after the backup: before a
// router judges anything, since a withdrawal asks who may have been told, and before anything is sent.
// Done again it changes nothing.
func (s *Service) settle(ctx context.Context, journal alerting.Journal) error {
	hold := s.gate.Hold()
	if !hold.Doubts() {
		return nil
	}
	doubts := recovery.Doubts(s.board, hold, time.Now())
	if len(doubts) > 0 {
		sequence, err := journal.Append(context.WithoutCancel(ctx), doubts...)
		if err != nil {
			return fmt.Errorf("record what may have gone out after the backup: %w", err)
		}
		if err := s.board.Wait(ctx, sequence); err != nil {
			return err
		}
	}
	return s.engine.Settle(context.WithoutCancel(ctx))
}

// inDoubt is since when messages may have gone out about what was published as some message of ALERTS.
func (s *Service) inDoubt(sequence uint64, received time.Time) time.Time {
	return s.gate.Hold().InDoubt(sequence, received)
}

// judgedTime is how long the tracker waits at most for the router after a restore, and judgedLook how often
// it looks.
const (
	judgedTime = 30 * time.Second
	judgedLook = 100 * time.Millisecond
)

// awaitJudged waits, while everything is held after a restore, until the alerts are on the board that the
// backup has and its ledger does not know: there may be replies to them. It does not wait long, since
// there are others, and the router may have a reason to wait.
func (s *Service) awaitJudged(ctx context.Context) error {
	for began := time.Now(); s.gate.Hold().Held() && time.Since(began) < judgedTime; {
		waiting, err := s.engine.Waiting(ctx)
		if err != nil {
			return err
		}
		if waiting == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(judgedLook):
		}
	}
	return s.catchUp(ctx)
}
