// Package tracking is what the ledger adds up to: every alert with its recipients, the state of
// each delivery, who has answered, and what is due on each channel. It is a projection: a process
// rebuilds it by reading the ledger, and any two that have read as far hold the same.
package tracking

import (
	"context"
	"slices"
	"strings"
	"sync"

	"revere/alerting"
)

// A Board is the projection of the ledger in memory. It is safe for concurrent use; Apply is called
// by one goroutine, in the ledger's order.
type Board struct {
	// Archive is where the details of filed alerts are read again, and Recalled is told what each reading came
	// to. Both are set before the board is used; without an archive nothing may be filed.
	Archive  Archive
	Recalled func(alerting.Key, error)

	mu      sync.RWMutex
	reached uint64                  // the ledger's sequence that has been applied
	last    map[string]uint64       // newest sequence on each of the ledger's subjects
	inbound uint64                  // newest inbound fact that records were drawn from
	shelves map[alerting.Key]*shelf // what of it waits for filed alerts
	// asidesOn is the ledger's subject on which that is said: the tracker's.
	asidesOn string
	updated  chan struct{} // closed and replaced at every change
	recalls  chan struct{} // signaled when something new was heard of a filed alert
	tickets  uint32        // given out so far

	alerts     map[alerting.Key]*alert
	order      []*alert // as opened
	exercises  []*alert // those of them that are exercises
	stale      map[alerting.Key]struct{}
	dozing     []*alert            // corrections that wait for what they quote
	byIdentity map[string]*alert   // what makes two messages the same alert
	byID       map[string][]*alert // the producers' own ids
	outboxes   map[string]*outbox  // by channel
	paces      map[uint16]*pace    // by a channel's number

	channels []string // as they first occurred: a delivery has the number
	areas    lists[alerting.Area]
	teams    lists[string]
}

// NewBoard returns a board before the ledger's first message.
func NewBoard() *Board {
	return &Board{
		last: map[string]uint64{}, updated: make(chan struct{}), recalls: make(chan struct{}, 1), stale: map[alerting.Key]struct{}{},
		shelves: map[alerting.Key]*shelf{},
		alerts:  map[alerting.Key]*alert{}, byIdentity: map[string]*alert{}, byID: map[string][]*alert{},
		outboxes: map[string]*outbox{}, paces: map[uint16]*pace{}, areas: newLists[alerting.Area](), teams: newLists[string](),
	}
}

// Apply takes in one message of the ledger.
func (b *Board) Apply(sequence uint64, subject string, records []alerting.Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range records {
		if len(records[i].Aside) > 0 {
			b.asidesOn = subject
		}
		b.fold(sequence, &records[i])
	}
	b.reached = sequence
	b.last[subject] = max(b.last[subject], sequence)
	close(b.updated)
	b.updated = make(chan struct{})
	b.signalAll()
}

func (b *Board) signalAll() {
	for _, o := range b.outboxes {
		o.signal()
	}
}

// Reached is the ledger's sequence that the board has taken in.
func (b *Board) Reached() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.reached
}

// Last is the newest sequence on one of the ledger's subjects, as far as the board has read.
func (b *Board) Last(subject string) uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.last[subject]
}

// Inbound is the newest inbound fact that has been dealt with.
func (b *Board) Inbound() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.inbound
}

// Wait returns when the board has taken in the ledger's sequence: what was written there is then
// seen by every read.
func (b *Board) Wait(ctx context.Context, sequence uint64) error {
	for {
		b.mu.RLock()
		reached, updated := b.reached, b.updated
		b.mu.RUnlock()
		if reached >= sequence {
			return nil
		}
		select {
		case <-ctx.Done():
			return alerting.Errorf(alerting.CodeUnavailable, "the ledger is at %d, not yet at %d", reached, sequence)
		case <-updated:
		}
	}
}

// Updated is closed at the next change.
func (b *Board) Updated() <-chan struct{} {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.updated
}

// numberOf is a channel's number.
func (b *Board) numberOf(channel string) uint16 {
	i := slices.Index(b.channels, channel)
	if i < 0 {
		i = len(b.channels)
		b.channels = append(b.channels, strings.Clone(channel))
	}
	return uint16(i)
}

func (b *Board) channel(d *delivery) string { return b.channels[d.channel] }
