package channels

import (
	"context"
	"fmt"
	"sync"

	"revere/alerting"
)

// asks returns whom to ask about a delivery before it is sent: its last attempt is unsettled, the
// provider can be asked, and has not said already that it does not have the message.
func (d *Dispatcher) asks(x alerting.Due) (Reconciler, bool) {
	provider, can := d.Channel.(Reconciler)
	return provider, can && x.Unsettled && !d.absent.has(x)
}

// reconcile asks the provider about the last attempt. When it does not have the message the delivery
// goes back to its place in the outbox, and is sent when its turn comes like every other.
func (d *Dispatcher) reconcile(ctx context.Context, provider Reconciler, j job) {
	if d.lapsed() != "" {
		j.settled(errNoEvidence)
		return // it stays unsettled on record: the next dispatcher asks
	}
	last := j.due.Attempt - 1
	message := j.message
	message.Ref.Attempt = last
	outcome, found, err := provider.Reconcile(ctx, message, j.due.Since)
	if err == nil && found && outcome.State == alerting.Unknown {
		err = fmt.Errorf("it does not know itself: %s", outcome.Reason)
	}
	if err != nil {
		j.settled(err)
		d.finish(ctx, j.due, askLater(last, "the provider could not tell: "+err.Error(), j.due.Since, message.Expires, d.Now()))
		return
	}
	j.settled(errNoEvidence) // that it answers questions does not prove that it takes messages
	if found {
		d.finish(ctx, j.due, judge(last, outcome, message.Expires, d.Now(), d.limits.ReconcileAfter))
		return
	}
	d.absent.remember(j.due)
	d.Outbox.GiveBack([]alerting.Due{j.due})
}

// absences are the attempts that the provider certainly does not have. They need not outlive the
// process: the next one asks again.
type absences struct {
	mu    sync.Mutex
	known map[absence]struct{}
}

type absence struct {
	alert    alerting.Key
	delivery uint32
	attempt  int // the next one
}

func (a *absences) remember(x alerting.Due) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = map[absence]struct{}{}
	}
	a.known[absence{x.Alert, x.Delivery, x.Attempt}] = struct{}{}
}

func (a *absences) has(x alerting.Due) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.known[absence{x.Alert, x.Delivery, x.Attempt}]
	return known
}

func (a *absences) forget(x alerting.Due) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, absence{x.Alert, x.Delivery, x.Attempt})
}
