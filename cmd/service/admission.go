package service

import (
	"context"
	"time"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/fanout"
)

// queued counts the deliveries that are due. Answers to answers are nobody's to hold back.
func (s *Service) queued() (due int) {
	for name := range s.channels {
		lanes := s.board.Backlog(name)
		for lane := range alerting.LaneNotices {
			due += lanes[lane]
		}
	}
	return due
}

// room bounds what the router takes on.
func (s *Service) room() *fanout.Room {
	a := s.config.Admission
	return &fanout.Room{MaxQueued: a.QueuedDeliveries, MaxOpen: a.OpenAlerts, MaxBytes: s.openText(), Queued: s.queued, Storage: s.engine.Storage, Observe: s.metrics.waits}
}

// openText is how much memory alerts may take by what they say, in bytes.
func (s *Service) openText() int { return s.config.Admission.OpenText << 20 }

// crowded reports whether they take so much of it that those which are over had better be filed.
func (s *Service) crowded() bool { return s.board.Bytes() > s.openText()/2 }

// admission refuses at the API what there is no room for.
func (s *Service) admission() *fanout.Admission {
	a := fanout.NewAdmission(s.config.Admission.Waiting, s.engine.Waiting, s.engine.Storage)
	a.Why = func(rank int) string { return s.room().TooOpen(s.board, time.Now(), rank) }
	return a
}

// deliveryBytes is about what one delivery still writes until it is finished: attempts, outcomes,
// receipts and answers.
const deliveryBytes = 1 << 10

// keepReserve watches the embedded engine's disk. Those of a cluster are its operator's to watch.
func (s *Service) keepReserve(running context.Context) {
	if s.server == nil {
		return
	}
	least := uint64(s.config.Admission.DiskReserve) << 20
	reserve := engine.Reserve{
		Dir: s.config.DataDir, Free: s.free, Observe: s.metrics.disk,
		Bytes: func() uint64 { return max(least, uint64(s.queued())*deliveryBytes) },
	}
	s.work.Go(func() error { return s.engine.KeepReserve(running, reserve) })
}
