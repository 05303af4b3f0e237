package channelstest

import (
	"context"
	"slices"
	"sync"

	"revere/alerting"
)

// An Inbox keeps facts in memory for a test to look at. Its zero value is ready; it is safe for
// concurrent use.
type Inbox struct {
	mu     sync.Mutex
	facts  []alerting.Inbound
	err    error
	before func()
}

// Put keeps the facts, or returns what FailWith was given and keeps none.
func (b *Inbox) Put(_ context.Context, facts ...alerting.Inbound) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.before != nil {
		b.before()
	}
	if b.err != nil {
		return b.err
	}
	b.facts = append(b.facts, facts...)
	return nil
}

// FailWith makes every Put from now on return err; nil makes them work again.
func (b *Inbox) FailWith(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// Facts returns a copy of what was put so far, in order.
func (b *Inbox) Facts() []alerting.Inbound {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.facts)
}

// notRefused returns the facts that claim to be authentic.
func (b *Inbox) notRefused() []alerting.Inbound {
	return slices.DeleteFunc(b.Facts(), func(in alerting.Inbound) bool { return in.Kind == alerting.InboundRefused })
}
