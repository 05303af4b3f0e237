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
	case before.Held():
		s.log.Info().Str("by", h.By).Msg("released: messages go out from now on")
	}
	s.gate.Set(h)
}

// settle puts on record, once after a restore and before anything else is sent on a channel, what may
// have gone out after the backup. Done again it changes nothing.
func (s *Service) settle(ctx context.Context, journal alerting.Journal, channel string) error {
	hold := s.gate.Hold()
	if !hold.Doubts(channel) {
		return nil
	}
	doubts := recovery.Doubts(s.board, channel, hold, time.Now())
	if len(doubts) > 0 {
		sequence, err := journal.Append(context.WithoutCancel(ctx), doubts...)
		if err != nil {
			return fmt.Errorf("record what may have gone out after the backup: %w", err)
		}
		if err := s.board.Wait(ctx, sequence); err != nil {
			return err
		}
	}
	return s.engine.Settle(context.WithoutCancel(ctx), channel)
}
