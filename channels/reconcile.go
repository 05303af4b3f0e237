package channels

import (
	"context"
	"fmt"
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

// askFor is for how long after an attempt the provider is asked about it, when it can't tell. Then
// the message is sent again as if the provider did not have it: a duplicate alert beats silence.
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
	outcome, found, err := provider.Reconcile(ctx, message, x.Since)
	now := d.Now()
	if err == nil && found && outcome.State == alerting.Unknown {
		err = fmt.Errorf("it does not know itself: %s", outcome.Reason)
	}
	switch over := !message.Expires.IsZero() && !now.Before(message.Expires); {
	case err != nil && (over || now.Before(x.Since.Add(askFor))):
		d.finish(x, askLater(last, "the provider could not tell: "+err.Error(), x.Since, message.Expires, now))
	case err == nil && found:
		d.finish(x, judge(last, outcome, message.Expires, now, d.limits.ReconcileAfter))
	default:
		d.absent.remember(x)
		d.Outbox.GiveBack([]alerting.Due{x})
	}
}

// absences are the attempts that the provider does not have, or could not tell about. They need not outlive the
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
