package channels

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"revere/alerting"
)

// asks returns whom to ask about a delivery before it is sent: its last attempt is unsettled, the
// provider can be asked, and was not asked to the end already.
func (d *Dispatcher) asks(x alerting.Due) (Reconciler, bool) {
	provider, can := d.Channel.(Reconciler)
	return provider, can && x.Unsettled && !d.absent.has(x)
}

// askFor is for how long the provider is asked about an attempt that it can't tell about, from the first
// question on: however long ago the attempt was, one question that fails says nothing. Then the message is
// sent again as if the provider did not have it: a duplicate alert beats silence. That the provider is too busy for
// a question while it answers others does not count: its turn comes.
const askFor = 2 * time.Minute

// reconcile asks the provider about the last attempt. When it does not have the message, or could not
// tell for too long, the delivery goes back to its place in the outbox, and is sent when its turn
// comes like every other.
func (d *Dispatcher) reconcile(ctx context.Context, provider Reconciler, x alerting.Due, message alerting.Message) {
	if d.lapsed() != "" {
		return // it stays unsettled on record: the next dispatcher asks
	}
	last := x.Attempt - 1
	message.Ref.Attempt = last
	put := d.Now()
	outcome, found, err := provider.Reconcile(ctx, message, x.Since)
	now := d.Now()
	refused := d.throttle(err, put, now)
	if err == nil && found && outcome.State == alerting.Unknown {
		err = fmt.Errorf("it does not know itself: %s", outcome.Reason)
	}
	if err != nil {
		first, waits := now, false
		if refused != nil {
			waits = !d.questions.refusals.add(put, now, now.Add(refused.After))
		} else {
			first = d.untold.since(x, now)
			waits = now.Before(first.Add(askFor))
		}
		if over := !message.Expires.IsZero() && !now.Before(message.Expires); over || waits {
			d.finish(x, askLater(last, err, first, message.Expires, now, d.limits.ReconcileAfter))
			return
		}
	}
	d.untold.forget(x)
	if err == nil && found {
		d.finish(x, judge(last, outcome, message.Expires, now, d.limits.ReconcileAfter))
		return
	}
	d.absent.remember(x)
	d.Outbox.GiveBack([]alerting.Due{x})
}

// throttle slows the questions when the provider is too busy for one, which is returned then, and goes back
// to their full pace while it answers.
func (d *Dispatcher) throttle(err error, put, now time.Time) *Busy {
	refused, busy := errors.AsType[*Busy](err)
	switch {
	case busy:
		d.questions.pace.slower(put, now, now.Add(refused.After))
		return refused
	case err == nil:
		d.questions.pace.recover(now)
		d.questions.refusals.end()
	}
	return nil
}

// absences are the attempts that the provider does not have, or could not tell about. They need not outlive the
// process: the next one asks again.
type absences struct {
	mu    sync.Mutex
	known map[doubt]struct{}
}

// A doubt is about a delivery's last attempt.
type doubt struct {
	alert    alerting.Key
	delivery uint32
	attempt  int // the next one
}

func doubtOf(x alerting.Due) doubt { return doubt{x.Alert, x.Delivery, x.Attempt} }

func (a *absences) remember(x alerting.Due) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = map[doubt]struct{}{}
	}
	a.known[doubtOf(x)] = struct{}{}
}

func (a *absences) has(x alerting.Due) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.known[doubtOf(x)]
	return known
}

func (a *absences) forget(x alerting.Due) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, doubtOf(x))
}

// untold is since when the provider was asked about attempts and could not tell. It need not outlive the
// process: the next one asks as long.
type untold struct {
	mu     sync.Mutex
	first  map[doubt]time.Time
	tidyAt int // how many are looked through
}

const (
	// What a receipt or a withdrawal has settled is not asked about again, and forgotten after untoldKept,
	// when untoldMany or more are known.
	untoldKept = time.Hour
	untoldMany = 1024
)

// since is when the first question about an attempt failed: now, where none has before.
func (u *untold) since(x alerting.Due, now time.Time) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if first, asked := u.first[doubtOf(x)]; asked {
		return first
	}
	if u.first == nil {
		u.first = map[doubt]time.Time{}
	}
	if len(u.first) >= max(u.tidyAt, untoldMany) {
		maps.DeleteFunc(u.first, func(_ doubt, first time.Time) bool { return first.Before(now.Add(-untoldKept)) })
		u.tidyAt = 2 * len(u.first)
	}
	u.first[doubtOf(x)] = now
	return now
}

func (u *untold) forget(x alerting.Due) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.first, doubtOf(x))
}
