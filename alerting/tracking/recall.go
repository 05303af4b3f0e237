package tracking

import (
	"time"

	"revere/alerting"
)

// An Archive is the ledger, read again.
type Archive interface {
	// Records calls visit with an alert's records between two of the ledger's sequences, both included,
	// in order.
	Records(alert alerting.Key, first, last uint64, visit func(sequence uint64, r *alerting.Record)) error
}

// Recalls tells of filed alerts of which something new was heard: each is to be recalled.
func (b *Board) Recalls() <-chan alerting.Key { return b.recalls }

// Recall reads the details of a filed alert again; that of one that has them returns at once. Every
// method that needs them calls it.
func (b *Board) Recall(key alerting.Key) {
	for {
		b.mu.Lock()
		a := b.alerts[key]
		if a == nil || !a.bare || b.Archive == nil {
			b.mu.Unlock()
			return
		}
		if under := a.recalling; under != nil { // someone else does
			b.mu.Unlock()
			<-under.done
			continue
		}
		under := &recalling{done: make(chan struct{})}
		a.recalling = under
		first, last := a.first, b.reached
		b.mu.Unlock()
		if err := b.recall(a, under, first, last); err != nil && b.Failed != nil {
			b.Failed(err)
		}
		return
	}
}

// A recalling is an alert whose details are being read. New records about it wait until then.
type recalling struct {
	done    chan struct{}
	waiting []waitingRecord
}

type waitingRecord struct {
	sequence uint64
	record   alerting.Record
}

func (b *Board) recall(a *alert, under *recalling, first, last uint64) error {
	fresh := newAlert(a.key)
	fresh.asleep = true
	err := b.Archive.Records(a.key, first, last, func(sequence uint64, r *alerting.Record) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.foldInto(fresh, sequence, r)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	defer close(under.done)
	a.recalling = nil
	if err != nil {
		return err
	}
	fresh.duringExercise, fresh.filed, fresh.recalled = a.duringExercise, a.filed, time.Now()
	for i := range under.waiting {
		if w := &under.waiting[i]; w.sequence > last {
			b.foldInto(fresh, w.sequence, &w.record)
		}
	}
	*a = *fresh
	b.wake(a)
	return nil
}

// wake makes due what the ledger says is.
func (b *Board) wake(a *alert) {
	a.asleep = false
	for i := range a.deliveries {
		d := &a.deliveries[i]
		if !d.due() {
			continue
		}
		b.countDue(a, d, 1)
		if d.retryAt == 0 {
			b.offer(a, uint32(i))
		} else {
			b.postpone(a, uint32(i))
		}
	}
}

// late keeps a record about a filed alert until its details are there.
func (b *Board) late(a *alert, sequence uint64, r *alerting.Record) {
	a.latest, a.latestAt = sequence, r.At
	if a.recalling != nil {
		a.recalling.waiting = append(a.recalling.waiting, waitingRecord{sequence, *r})
		return
	}
	select {
	case b.recalls <- a.key:
	default: // many are waiting: it is recalled when somebody asks, or with the next record
	}
}
