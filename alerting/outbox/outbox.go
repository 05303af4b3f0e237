// Package outbox is one channel's side of the ledger: what is due there, the record of each attempt
// before its call and of each outcome after it, and the words of each message.
package outbox

import (
	"context"
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
)

// An Outbox implements channels.Outbox for one channel.
type Outbox struct {
	Channel string
	Board   *tracking.Board
	Journal alerting.Journal
	// Word words a message, which says so where it may be a repeat. OptedOut tells whether an address
	// wants nothing on the channel, and OptOut keeps that it does.
	Word     func(e tracking.Envelope, possibleDuplicate bool) alerting.Message
	OptedOut func(channel, address string) bool
	OptOut   func(ctx context.Context, channel, address, reason string) error
	// Memory is the process's for the channel.
	Memory *Memory
	Now    func() time.Time
}

// Refill implements channels.Outbox. What this process knows of a call whose outcome is not on record
// is put there; what nobody knows is settled as Unknown.
func (o *Outbox) Refill(ctx context.Context, reconcileAt func(time.Time) time.Time) error {
	interrupted, uncalled := o.Board.Refill(o.Channel)
	if len(interrupted)+len(uncalled) == 0 {
		return nil
	}
	known := o.Memory.take(interrupted)
	learned := make([]alerting.Finished, 0, len(known))
	records := newGroup(o.Now())
	for _, x := range interrupted {
		if f, ok := known[call{x.Alert, x.Delivery, x.Attempt}]; ok {
			learned = append(learned, f)
			continue
		}
		r := records.of(x.Alert)
		r.Results = append(r.Results, alerting.Result{
			Delivery: x.Delivery, Attempt: x.Attempt, State: alerting.Unknown, RetryAt: reconcileAt(x.Since).UTC(),
			Reason: "the process that was sending it stopped before it recorded an outcome",
		})
	}
	for _, x := range uncalled {
		state, reason := o.Board.Blocked(x.Alert, x.Delivery, o.Now())
		r := records.of(x.Alert)
		r.Results = append(r.Results, alerting.Result{Delivery: x.Delivery, Attempt: x.Attempt, State: state, Reason: reason})
	}
	if err := o.Finish(ctx, learned); err != nil {
		return err
	}
	err := o.write(ctx, records)
	faults.Reach(faults.AfterUnknown)
	return err
}

// Newest implements channels.Outbox.
func (o *Outbox) Newest(n int) []alerting.Begun { return o.Board.Newest(o.Channel, n) }

// Held implements channels.Outbox.
func (o *Outbox) Held(now time.Time) time.Time { return o.Board.Held(o.Channel, now) }

// Take implements channels.Outbox.
func (o *Outbox) Take(to []alerting.Due, places alerting.Places, now time.Time) []alerting.Due {
	return o.Board.Take(to, o.Channel, places, now)
}

// GiveBack implements channels.Outbox.
func (o *Outbox) GiveBack(due []alerting.Due) { o.Board.GiveBack(due) }

// Wake implements channels.Outbox.
func (o *Outbox) Wake() <-chan struct{} { return o.Board.Wake(o.Channel) }

// NextRetry implements channels.Outbox.
func (o *Outbox) NextRetry() time.Time { return o.Board.NextRetry(o.Channel) }

// Silent implements channels.Outbox.
func (o *Outbox) Silent(from alerting.Mark, wanted func(heard time.Time) bool) (x alerting.Silence, next alerting.Mark, found bool) {
	return o.Board.Silent(o.Channel, from, o.Now(), wanted)
}

// Message implements channels.Outbox.
func (o *Outbox) Message(x alerting.Due) (_ alerting.Message, err error) {
	defer alerting.Rescue(&err)
	envelope, ok := o.Board.Envelope(x.Alert, x.Delivery)
	if !ok {
		return alerting.Message{}, alerting.Errorf(alerting.CodeNotFound, "delivery %d of alert %s is not on the board", x.Delivery, x.Alert)
	}
	message := o.Word(envelope, x.PossibleDuplicate)
	message.Ref = alerting.Ref{Alert: x.Alert, Delivery: envelope.Delivery, Attempt: x.Attempt}
	message.To = envelope.Address
	message.PossibleDuplicate = x.PossibleDuplicate
	return message, nil
}

// Begin implements channels.Outbox. It returns when the board has taken in the attempts, and so
// everything that the ledger holds before them: a withdrawal that Blocked does not know then comes
// later in the ledger, and its correction reaches whoever is called now.
func (o *Outbox) Begin(ctx context.Context, due []alerting.Due) error {
	records := newGroup(o.Now())
	for _, x := range due {
		r := records.of(x.Alert)
		if r.Attempts == nil {
			r.Attempts = make([]alerting.Attempt, 0, records.room(len(due)))
		}
		r.Attempts = append(r.Attempts, alerting.Attempt{Delivery: x.Delivery, Attempt: x.Attempt, PossibleDuplicate: x.PossibleDuplicate})
	}
	err := o.write(ctx, records)
	faults.Reach(faults.AfterAttempt)
	return err
}

// Blocked implements channels.Outbox.
func (o *Outbox) Blocked(x alerting.Due, now time.Time) (alerting.State, string) {
	if state, reason := o.Board.Blocked(x.Alert, x.Delivery, now); reason != "" {
		return state, reason
	}
	if o.OptedOut(o.Channel, x.Address) {
		return alerting.Suppressed, "opted out: the person wants no messages here"
	}
	return 0, ""
}

// Finish implements channels.Outbox. It does not wait for the board. What can't be written is
// remembered: first comes what needs nothing else to be kept, so that one opt-out that the directory
// can't keep costs no other outcome.
func (o *Outbox) Finish(ctx context.Context, finished []alerting.Finished) error {
	for range finished {
		faults.Reach(faults.AfterCall)
	}
	plain, optedOut := parted(finished)
	if err := o.conclude(ctx, plain); err != nil {
		o.Memory.keep(finished)
		return err
	}
	for i, f := range optedOut {
		if err := o.finishOptOut(ctx, f); err != nil {
			o.Memory.keep(optedOut[i:])
			return err
		}
	}
	return nil
}

// parted tells those apart whose people want no more messages. There are few.
func parted(finished []alerting.Finished) (plain, optedOut []alerting.Finished) {
	hasOptedOut := func(f alerting.Finished) bool { return f.OptedOut }
	if !slices.ContainsFunc(finished, hasOptedOut) {
		return finished, nil
	}
	for _, f := range finished {
		if hasOptedOut(f) {
			optedOut = append(optedOut, f)
		}
	}
	return slices.DeleteFunc(slices.Clone(finished), hasOptedOut), optedOut
}

// finishOptOut keeps that a person wants no messages, and then concludes the delivery.
func (o *Outbox) finishOptOut(ctx context.Context, f alerting.Finished) error {
	if err := o.OptOut(ctx, o.Channel, f.Due.Address, f.Reason); err != nil {
		return err
	}
	faults.Reach(faults.AfterRefusal)
	f.State, f.RetryAt = alerting.Suppressed, time.Time{}
	return o.conclude(ctx, []alerting.Finished{f})
}

// conclude records conclusions.
func (o *Outbox) conclude(ctx context.Context, finished []alerting.Finished) error {
	if len(finished) == 0 {
		return nil
	}
	records := newGroup(o.Now())
	for _, f := range finished {
		record := records.of(f.Due.Alert)
		if record.Results == nil {
			record.Results = make([]alerting.Result, 0, records.room(len(finished)))
		}
		record.Results = append(record.Results, alerting.Result{
			Delivery: f.Due.Delivery, Attempt: f.Attempt, State: f.State, RetryAt: f.RetryAt.UTC(), ProviderID: f.ProviderID, Code: f.Code, Reason: f.Reason,
		})
		record.Held = o.longer(record.Held, f.HoldUntil)
	}
	_, err := o.Journal.Append(ctx, records.list()...)
	for range finished {
		faults.Reach(faults.AfterOutcome)
	}
	return err
}

// longer is until when the channel is held after another outcome; nil where it is not.
func (o *Outbox) longer(held *alerting.Held, until time.Time) *alerting.Held {
	if until.IsZero() || held != nil && !until.After(held.Until) {
		return held
	}
	return &alerting.Held{Channel: o.Channel, Until: until.UTC()}
}

func (o *Outbox) write(ctx context.Context, records *group) error {
	if len(records.order) == 0 {
		return nil
	}
	sequence, err := o.Journal.Append(ctx, records.list()...)
	if err != nil {
		return err
	}
	return o.Board.Wait(ctx, sequence)
}

// A group is records of several alerts that are written together.
type group struct {
	at      time.Time
	order   []alerting.Key
	byAlert map[alerting.Key]*alerting.Record
}

func newGroup(now time.Time) *group {
	return &group{at: now.UTC().Truncate(time.Millisecond), byAlert: map[alerting.Key]*alerting.Record{}}
}

func (g *group) of(key alerting.Key) *alerting.Record {
	r := g.byAlert[key]
	if r == nil {
		r = &alerting.Record{Alert: key, At: g.at}
		g.byAlert[key] = r
		g.order = append(g.order, key)
	}
	return r
}

// room is for how many of n deliveries the newest record should have room: most are of one alert, which
// comes first.
func (g *group) room(n int) int {
	if len(g.order) > 1 {
		return 0
	}
	return n
}

func (g *group) list() []alerting.Record {
	records := make([]alerting.Record, len(g.order))
	for i, key := range g.order {
		records[i] = *g.byAlert[key]
	}
	return records
}
