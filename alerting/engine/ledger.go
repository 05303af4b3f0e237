package engine

import (
	"context"

	"revere/alerting"
)

// The ledger's writers. Each has a subject of its own, so that a writer that must be the only one
// can be held to it: its appends are compared with the last one on the subject.
const (
	LedgerAlerts  = "ledger.alerts"  // the router: alerts opened, manifests
	LedgerInbound = "ledger.inbound" // the tracker: what people and providers answered
	LedgerTimers  = "ledger.timers"  // the tracker: what became due
	LedgerDesk    = "ledger.desk"    // the API: answers that people gave there; many writers
)

// LedgerChannel is the subject of a channel's dispatcher: attempts and results.
func LedgerChannel(name string) string { return "ledger.channel." + name }

// Append writes records to the ledger: all of them or none. last is the sequence that the subject's
// newest message must have, or Anywhere. When it returns without error the records survive power
// loss; the sequence is that of the last message. alerting.ErrOvertaken means that another writer
// was first and nothing was written; with any other error nobody can say whether they were.
func (e *Engine) Append(ctx context.Context, subject string, last uint64, records ...alerting.Record) (uint64, error) {
	parts := pack(spared(records))
	defer func() {
		for range parts { // so that nobody reads the records any more, which are the caller's
		}
	}()
	return e.publishAll(ctx, subject, last, parts)
}

// FollowLedger calls apply with every message of the ledger after the given sequence, in order, and
// goes on with new ones as they come until ctx is done. apply is never called concurrently; a message
// that can't be read comes without records. It returns as soon as it has begun, with the sequence that the ledger had reached then.
func (e *Engine) FollowLedger(ctx context.Context, after uint64, apply func(sequence uint64, subject string, records []alerting.Record)) (reached uint64, err error) {
	read := make(chan ledgerEntry, readAhead)
	go func() {
		for {
			select {
			case x := <-read:
				e.applyRecords(x, apply)
			case <-ctx.Done():
				return
			}
		}
	}()
	return e.follow(ctx, ledgerStream, after, func(m entry) error {
		records, err := decodeRecords(m.data)
		select {
		case read <- ledgerEntry{m.sequence, m.subject, records}: // who waits for this sequence must not wait for ever
		case <-ctx.Done():
		}
		return err
	})
}

// readAhead bounds the messages that are decoded while one before them is applied.
const readAhead = 8

// A ledgerEntry is one message of the ledger; without records where it can't be read.
type ledgerEntry struct {
	sequence uint64
	subject  string
	records  []alerting.Record
}

func (e *Engine) applyRecords(x ledgerEntry, apply func(uint64, string, []alerting.Record)) {
	if err := applied(func() { apply(x.sequence, x.subject, x.records) }); err != nil {
		apply(x.sequence, x.subject, nil)
		e.passOver(ledgerStream, x.sequence, err)
	}
}

// LedgerEnd is the sequence that the ledger has reached: who has read so far has seen every append
// that was acknowledged before the call.
func (e *Engine) LedgerEnd(ctx context.Context) (uint64, error) { return e.end(ctx, ledgerStream) }
