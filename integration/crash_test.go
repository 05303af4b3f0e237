package integration_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/twiliosim"
	"revere/subscribers"
)

// A crash is one history with a kill in it.
type crash struct {
	name string
	// points are where the process dies. It is armed with the first from its start on, unless late.
	points []faults.Point
	late   bool
	people []subscribers.Subscriber
	// do brings the process to its last point.
	do func(c *crashed)
	// then says what holds after the restart.
	then func(c *crashed)
}

// Whatever step the process dies behind, the restart finds exactly what that step left.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	for _, x := range slices.Concat(sendingCrashes, routingCrashes, inboundCrashes, otherCrashes) {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := &crashed{t: t, alert: harness.NewAlert("ma.boston"), stories: map[place]string{}}
			c.did.people, c.did.acknowledged = x.people, map[alerting.Key][]string{}
			settings := map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": "10m"}
			if !x.late {
				maps.Copy(settings, harness.ArmedWith(first(x.points[0])))
			}
			c.w = harness.New(t, harness.Options{Settings: settings})
			c.w.Twilio.SetBehavior(queuing)
			if len(x.people) > 0 {
				c.w.Import(x.people...)
			}
			x.do(c)
			c.w.Died()
			c.w.Begin()
			x.then(c)
			for _, key := range append(slices.Clone(c.did.keys), c.did.corrections...) {
				c.w.Finished(key)
			}
			c.storiesHold()
			checked(t, c.w, c.did)
		})
	}
}

// queuing is a Twilio that keeps what it takes in its queue: it has nothing to add to a history when it is
// asked after the start what became of its messages.
var queuing = twiliosim.Behavior{Receipts: twiliosim.None, ReceiptDelay: time.Hour}

// Every point that the code names is one at which a test dies.
func TestEveryCrashPointIsTried(t *testing.T) {
	tried := map[faults.Point]bool{}
	for _, x := range slices.Concat(sendingCrashes, routingCrashes, inboundCrashes, otherCrashes) {
		for _, p := range x.points {
			tried[p] = true
		}
	}
	for _, p := range restorePoints {
		tried[p] = true
	}
	for _, p := range faults.Points {
		assert.True(t, tried[p], "no test dies at %s", p)
	}
}

func first(p faults.Point) faults.Plan { return faults.Plan{Point: p, Passing: 1} }

// A crashed is a crash that takes place.
type crashed struct {
	t     *testing.T
	w     *harness.World
	alert harness.Alert
	did   history
	// stories are the histories that were told, as they must end.
	stories map[place]string
}

// A place is one delivery.
type place struct {
	alert   alerting.Key
	address string
}

// publish publishes the alert over HTTP. The process may die before it answers.
func (c *crashed) publish() { _, _ = try(c.w, c.alert) }

// sent publishes the alert in a process that lives through it, and waits until nothing is due.
func (c *crashed) sent() (key alerting.Key, code string) {
	p := c.w.Publish(c.alert)
	c.w.Finished(p.Key)
	c.did.keys = []alerting.Key{p.Key}
	return p.Key, p.Code
}

// found is the one alert that there is, without anybody having sent it again.
func (c *crashed) found() alerting.Key {
	c.t.Helper()
	keys := harness.Grown(c.t, "alerts", 1, c.keys)
	c.did.keys = keys
	return keys[0]
}

func (c *crashed) keys() (keys []alerting.Key) {
	for _, s := range c.w.Alerts() {
		keys = append(keys, s.Key)
	}
	return keys
}

// again does what a producer does that got no answer, and there is still one alert.
func (c *crashed) again() alerting.Key {
	c.t.Helper()
	p := c.w.Publish(c.alert)
	assert.Equal(c.t, p.Key, c.found())
	return p.Key
}

// story waits until a delivery's history reads as given: each state with its attempt, and "again" where
// the attempt is marked as a possible duplicate. At the end nothing must have come to it.
func (c *crashed) story(key alerting.Key, address, want string) {
	c.t.Helper()
	harness.Soon(c.t, func() error {
		d, ok := c.w.Delivery(key, address)
		if got := story(d); !ok || got != want {
			return fmt.Errorf("the history of %s is %q, not %q", address, got, want)
		}
		return nil
	})
	c.stories[place{key, address}] = want
}

func (c *crashed) storiesHold() {
	for at, want := range c.stories {
		d, _ := c.w.Delivery(at.alert, at.address)
		assert.Equal(c.t, want, story(d), "the history of %s goes on", at.address)
	}
}

func story(d tracking.DeliveryView) string {
	told := make([]string, len(d.History))
	for i, e := range d.History {
		told[i] = e.State.String()
		if e.Attempt > 0 {
			told[i] += fmt.Sprintf(" %d", e.Attempt)
		}
		if e.PossibleDuplicate {
			told[i] += " again"
		}
	}
	return strings.Join(told, ", ")
}

// once waits until an alert went out to a number, and holds that it went once.
func (c *crashed) once(key alerting.Key, number string) {
	c.t.Helper()
	c.w.Finished(key)
	c.w.Texts(number, 1)
}
