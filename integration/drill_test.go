package integration_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
	"revere/integration/checker"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// A drill lets faults happen to a fleet on a cluster that is at work, and holds what came of it
// against what was promised.
type drill struct {
	t      *testing.T
	f      *harness.Fleet
	random *rand.Rand
	did    history
	pauses []stillness
	done   map[string]int // faults by name
	worst  time.Duration  // of the publications
	moved  time.Duration  // the longest that a lost process's work took to be taken up
}

// A stillness is a time in which a process was stopped.
type stillness struct{ from, to time.Time }

const drillPeople = 120

// newDrill starts a cluster with the streams of a former version, and a fleet with two processes for each
// role.
func newDrill(t *testing.T, random *rand.Rand, former topology) *drill {
	t.Helper()
	c := harness.NewCluster(t)
	former.make(c)
	f := harness.NewFleet(t, c, map[string]string{
		"CHANNELS__SMS__RATE": "200", "CHANNELS__EMAIL__RATE": "60", "CHANNELS__SIGNAL__RATE": "20", "CHANNELS__FALLBACK_AFTER__SEVERE": "10m",
	}, "api,router", "worker,tracker", "api,router", "worker,tracker")
	f.Twilio.SetBehavior(twiliosim.Behavior{Latency: 20 * time.Millisecond, ReceiptDelay: 10 * time.Millisecond})
	f.SMTP.SetLatency(2 * time.Millisecond)
	d := &drill{t: t, f: f, random: random, done: map[string]int{}}
	d.did = history{people: town(drillPeople), fallbackAfter: 10 * time.Minute, acknowledged: map[alerting.Key][]string{}}
	harness.Soon(t, func() error { return errorUnless(d.code("a1") != "", "the alert that waited is not judged") })
	f.Import(d.did.people...)
	d.published(d.publish())
	return d
}

// round lets one fault happen while alerts are published and answered. The servers have recovered from
// the one before: two of three must be well.
func (d *drill) round(x fault) {
	d.t.Helper()
	d.f.Cluster.Whole()
	d.done[x.name]++
	began := time.Now()
	defer func() { d.t.Logf("%s: %s", x.name, time.Since(began).Round(time.Millisecond)) }()
	before := make(chan api.Published, 1)
	go func() { before <- d.publish() }()
	d.wait(0, 300*time.Millisecond)
	mend := x.strike(d)
	d.answer()
	during := d.publish()
	mend()
	d.published(<-before)
	d.published(during)
	d.answer()
}

// wait lets a random time pass: faults come at any moment of what is going on.
func (d *drill) wait(from, to time.Duration) {
	timer := time.NewTimer(from + time.Duration(d.random.Int64N(int64(to-from))))
	<-timer.C
}

var tooLate sync.Mutex

// publish publishes an alert as a producer does who sends the same again when there was no answer,
// and holds the time that it takes against the promise.
func (d *drill) publish() (p api.Published) {
	alert, began := harness.NewAlert("ma.boston"), time.Now()
	var err error
	for time.Since(began) < 3*publishLimit {
		if p, err = try(d.f.World, alert); err == nil {
			break
		}
	}
	took := time.Since(began)
	assert.NoError(d.t, err, "%s was not taken", alert["id"])
	assert.LessOrEqual(d.t, took, publishLimit, "%s was taken too late", alert["id"])
	tooLate.Lock()
	defer tooLate.Unlock()
	d.worst = max(d.worst, took)
	return p
}

func (d *drill) published(p api.Published) { d.did.keys = append(d.did.keys, p.Key) }

// answer has somebody acknowledge an earlier alert over the API, and somebody else by text. What was
// taken must never vanish.
func (d *drill) answer() {
	d.t.Helper()
	key := d.did.keys[d.random.IntN(len(d.did.keys))]
	who := d.did.people[d.random.IntN(len(d.did.people))]
	a, err := d.f.Try(harness.Request{
		Method: http.MethodPost, Path: "/api/v1/alerts/" + string(key) + "/acknowledgements", Body: map[string]string{"subscriber": who.ID},
	})
	if err == nil && a.Status == http.StatusCreated {
		d.did.acknowledged[key] = append(d.did.acknowledged[key], who.ID)
	}
	other := d.did.people[d.random.IntN(len(d.did.people))]
	code := d.code(key)
	if other.Contacts[0].Channel != "sms" || code == "" {
		return
	}
	if _, err := d.f.Twilio.Reply(other.Contacts[0].Address, harness.SMSNumber, "ACK "+code); err == nil {
		d.did.acknowledged[key] = append(d.did.acknowledged[key], other.ID)
	}
}

// code is an alert's code, where an API process can tell it now.
func (d *drill) code(key alerting.Key) string {
	var s tracking.Summary
	a, err := d.f.Try(harness.Request{Method: http.MethodGet, Path: "/api/v1/alerts/" + string(key)})
	if err != nil || a.Status != http.StatusOK || a.Into(&s) != nil {
		return ""
	}
	return s.Code
}

// settle waits until nothing is due any more, and checks everything.
func (d *drill) settle() {
	d.t.Helper()
	harness.Within(d.t, settleTime, func() error {
		for _, key := range d.did.keys {
			if s := d.f.Summary(key); !s.Finished {
				return fmt.Errorf("%s is not finished: %v", key, s.States)
			}
			for _, who := range d.did.acknowledged[key] {
				if d.f.Person(key, who).Answer == nil {
					return fmt.Errorf("the answer of %s to %s is not shown", who, key)
				}
			}
		}
		return nil
	})
	h := collect(d.t, d.f.World, d.did)
	for i, v := range checker.Check(h) {
		require.Less(d.t, i, 20, "and more")
		assert.Fail(d.t, v.String())
	}
	d.nothingAfterWaking(h)
}

// nothingAfterWaking finds messages that a process sent after it had been stopped for longer than its
// lease, on the strength of an attempt from before.
func (d *drill) nothingAfterWaking(h checker.History) {
	attempted := map[string]time.Time{}
	for _, a := range h.Alerts {
		for _, v := range a.Deliveries {
			for _, e := range v.History {
				if e.State == alerting.Attempting {
					attempted[alerting.Ref{Alert: a.Summary.Key, Delivery: v.ID, Attempt: e.Attempt}.String()] = e.At
				}
			}
		}
	}
	for _, m := range h.Provided {
		at, ok := attempted[m.Ref]
		for _, p := range d.pauses {
			if ok && at.Before(p.from) && m.At.After(p.to) {
				assert.Fail(d.t, "sent after waking", "to %s on %s, %s after the attempt", m.To, m.Channel, m.At.Sub(at))
			}
		}
	}
}

func (d *drill) counts() string {
	names := make([]string, 0, len(d.done))
	for name, n := range d.done {
		names = append(names, fmt.Sprintf("%d × %s", n, name))
	}
	slices.Sort(names)
	return fmt.Sprintf("%s; %d alerts, %d messages; slowest publication %s, slowest takeover %s",
		strings.Join(names, ", "), len(d.did.keys), len(provided(d.f.World)), d.worst.Round(time.Millisecond), d.moved.Round(time.Millisecond))
}
