package service

import (
	"context"

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
	return &fanout.Room{MaxQueued: a.QueuedDeliveries, MaxOpen: a.OpenAlerts, Queued: s.queued, Storage: s.engine.Storage, Observe: s.metrics.waits}
}

// admission refuses at the API what there is no room for.
func (s *Service) admission() *fanout.Admission {
	return fanout.NewAdmission(s.config.Admission.Waiting, s.engine.Waiting, s.engine.Storage)
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
