package service

import (
	"context"
	"sync"
	"time"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/fanout"
)

// A backlog counts the deliveries that are due. Counting walks over all of them, so that what was
// counted last is given again for a second.
type backlog struct {
	service *Service

	mu      sync.Mutex
	counted time.Time
	due     int
}

const countEvery = time.Second

func (b *backlog) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.Sub(b.counted) >= countEvery {
		b.counted, b.due = now, 0
		for name := range b.service.channels {
			lanes := b.service.board.Backlog(name)
			for lane := range alerting.LaneNotices { // answers to answers are nobody's to hold back
				b.due += lanes[lane]
			}
		}
	}
	return b.due
}

// room bounds what the router takes on.
func (s *Service) room() *fanout.Room {
	a := s.config.Admission
	return &fanout.Room{MaxQueued: a.QueuedDeliveries, MaxOpen: a.OpenAlerts, Queued: s.backlog.count, Storage: s.engine.Storage, Observe: s.metrics.waits}
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
		Bytes: func() uint64 { return max(least, uint64(s.backlog.count())*deliveryBytes) },
	}
	s.work.Go(func() error { return s.engine.KeepReserve(running, reserve) })
}
