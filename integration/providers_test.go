package integration_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/subscribers"
)

// Every misbehavior is lived through by one person, who has another contact in reserve, until it is
// over; then by a crowd, for good, to see whether the breaker opens.
const (
	victimPhone  = "+16175561234"
	victimMail   = "clerk@boston.example"
	victimSignal = "+16175561235"
	crowdSize    = 6
)

var contacts = map[string]struct {
	victim, reserve harness.Contact
	crowd           func(n int) harness.Contact
	taken           func(w *harness.World) int // messages for the victim
}{
	"sms": {
		harness.SMS(victimPhone), harness.Email(victimMail), func(n int) harness.Contact { return harness.SMS(crowdPhone(n)) },
		func(w *harness.World) int { return len(w.SMS(victimPhone)) },
	},
	"email": {
		harness.Email(victimMail), harness.SMS(victimPhone), func(n int) harness.Contact { return harness.Email(fmt.Sprintf("clerk-%d@chelsea.example", n)) },
		func(w *harness.World) int { return len(w.Mails(victimMail)) },
	},
	"signal": {
		harness.Signal(victimSignal), harness.SMS(victimPhone), func(n int) harness.Contact { return harness.Signal(crowdPhone(n)) },
		func(w *harness.World) int { return len(w.Signal.MessagesTo(victimSignal)) },
	},
}

func crowdPhone(n int) string { return harness.Phone(100 + n) }

func TestProvidersMisbehave(t *testing.T) {
	t.Parallel()
	for channel, rows := range misbehaviors {
		for _, m := range rows {
			t.Run(channel+" "+m.does, func(t *testing.T) {
				t.Parallel()
				m.try(t, channel)
			})
		}
	}
}

func (m misbehavior) try(t *testing.T, channel string) {
	settings := map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": "10m", "CHANNELS__SMS__ASK_AFTER": "1s"}
	if m.settings != nil {
		for key, value := range m.settings(t) {
			settings[key] = value
		}
	}
	w := harness.New(t, harness.Options{InProcess: true, Settings: settings})
	c := contacts[channel]
	people := []subscribers.Subscriber{harness.Person("clerk", "ma.boston", c.victim, c.reserve)}
	for n := range crowdSize {
		people = append(people, harness.Person(fmt.Sprintf("crowd-%d", n), "ma.chelsea", c.crowd(n)))
	}
	w.Import(people...)
	m.sees(t, w, channel)
	if !m.course.accepted() && !m.course.stops() {
		m.crowd(t, w, channel)
	}
	if m.check != "" {
		m.checks(t, w, channel)
	}
}

// sees has the victim live through the misbehavior.
func (m misbehavior) sees(t *testing.T, w *harness.World, channel string) {
	c := contacts[channel]
	if m.fault != nil {
		m.fault(w, m.times())
	}
	p := w.Publish(harness.NewAlert("ma.boston"))
	first := m.first(t, w, p.Key)
	assert.Equal(t, m.course.shows.String(), first.State.String(), "%v", first)
	assert.Equal(t, m.code, first.Code, "%v", first)
	if m.course.accepted() {
		assert.Zero(t, first.RetryAt)
	} else {
		assert.NotEmpty(t, first.Reason, "the operator is told no reason")
		m.course.again.holds(t, first)
	}
	if m.stays() {
		harness.Within(t, time.Minute, func() error { return inState(w, p.Key, c.victim.Address, alerting.Queued) }) // between two attempts
	} else {
		m.ends(t, w, channel, p.Key)
	}
	_, used := w.Delivery(p.Key, c.reserve.Address)
	assert.Equal(t, m.course.next, used, "the next contact is used")
	assert.Equal(t, m.course.pauses, strings.Contains(w.Log.String(), "channel paused"), "the log says that the channel is paused")
}

// first waits for what the first attempt came to, receipts aside.
func (m misbehavior) first(t *testing.T, w *harness.World, key alerting.Key) (first tracking.Entry) {
	t.Helper()
	harness.Within(t, time.Minute, func() error {
		for _, d := range w.Deliveries(key) {
			for _, e := range d.History {
				if e.Attempt == 1 && e.State != alerting.Attempting && !e.Receipt {
					first = e
					return nil
				}
			}
		}
		return fmt.Errorf("the first attempt came to nothing yet")
	})
	return first
}

// ends waits for the end of the victim's delivery, and holds it against the row.
func (m misbehavior) ends(t *testing.T, w *harness.World, channel string, key alerting.Key) {
	t.Helper()
	c := contacts[channel]
	harness.Within(t, time.Minute, func() error {
		if err := inState(w, key, c.victim.Address, m.state); err != nil {
			return err
		}
		if _, used := w.Delivery(key, c.reserve.Address); m.course.next && !used {
			return errors.New("the next contact is not used")
		}
		return errorUnless(w.Summary(key).Finished, "it is not finished")
	})
	d, _ := w.Delivery(key, c.victim.Address)
	assert.Equal(t, cmp.Or(m.attempts, 1), d.Attempts, "attempts: %v", d.History)
	assert.Equal(t, m.messages, c.taken(w), "messages at the provider")
	assert.Equal(t, m.marked, marked(d), "possible duplicate: %v", d.History)
	people := only(harness.Person("clerk", "ma.boston", c.victim, c.reserve))
	checked(t, w, history{people: people, keys: []alerting.Key{key}, fallbackAfter: 10 * time.Minute})
}

// crowd has more people live through it than the breaker bears.
func (m misbehavior) crowd(t *testing.T, w *harness.World, channel string) {
	t.Helper()
	if m.fault != nil {
		m.fault(w, 0)
	}
	if channel == "email" {
		w.Restart() // connections that wait for work would see nothing of a fault at the greeting
	}
	p := w.Publish(harness.NewAlert("ma.chelsea"))
	harness.Within(t, time.Minute, func() error {
		if m.course.breaker {
			return errorUnless(breakerOf(w, channel), "the breaker has not opened")
		}
		return errorUnless(conclusions(w, p.Key) >= crowdSize, "too few attempts were made to open a breaker")
	})
	assert.Equal(t, m.course.breaker, breakerOf(w, channel), "the breaker is open")
	assert.Equal(t, m.course.breaker, strings.Contains(w.Log.String(), "the provider's breaker changed"), "the log tells of the breaker")
}

// conclusions is how many attempts at an alert's deliveries have come to something.
func conclusions(w *harness.World, key alerting.Key) (n int) {
	for _, d := range w.Deliveries(key) {
		for _, e := range d.History {
			if e.Attempt > 0 && e.State != alerting.Attempting && !e.Receipt {
				n++
			}
		}
	}
	return n
}

// checks asks what revere check would say meanwhile.
func (m misbehavior) checks(t *testing.T, w *harness.World, channel string) {
	t.Helper()
	if m.fault != nil {
		m.fault(w, 0)
	}
	var said []string
	for _, f := range w.Check() {
		if f.About == channel && !f.OK {
			said = append(said, f.Detail)
		}
	}
	require.Contains(t, strings.Join(said, "\n"), m.check, "revere check")
}

// marked reports whether a delivery's newest attempt is a possible duplicate.
func marked(d tracking.DeliveryView) bool {
	mark := false
	for _, e := range d.History {
		if e.State == alerting.Attempting {
			mark = e.PossibleDuplicate
		}
	}
	return mark
}
