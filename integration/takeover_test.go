package integration_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/checker"
	"revere/integration/harness"
	"revere/subscribers"
)

// The work of a process that is lost, by a kill or because it hangs, goes on with a living one: within
// takeoverLimit each provider has the first message of what waited, an alert that nobody had judged is with
// a person, and an answer counts. Here all roles are lost together, on one server; TestCluster loses one
// after the other on three.
//
// It does not run beside other tests: its promise is about time.
func TestWorkMovesToTheLiving(t *testing.T) {
	for name, lose := range map[string]func(*harness.Member) (mend func()){
		"killed":  func(m *harness.Member) func() { m.Kill(); return func() {} },
		"stopped": func(m *harness.Member) func() { m.Pause(); return m.Resume },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // with the other way to be lost
			f := harness.NewFleet(t, harness.NewServer(t), map[string]string{
				"CHANNELS__SMS__RATE": "20", "CHANNELS__EMAIL__RATE": "3", "CHANNELS__SIGNAL__RATE": "2",
				"CHANNELS__FALLBACK_AFTER__SEVERE": "10m",
			}, "api,router,worker,tracker", "api,router,worker,tracker")
			did := history{people: backlog(), fallbackAfter: 10 * time.Minute, acknowledged: map[alerting.Key][]string{}}
			f.Import(did.people...)
			lost := f.Members[0]
			for _, lease := range everyLease {
				harness.Soon(t, func() error { return errorUnless(f.Holding(lease) == lost, "the first process does not hold "+lease) })
			}
			waits := f.Publish(harness.NewAlert("ma.boston")).Key
			for _, channel := range everyChannel {
				harness.Soon(t, func() error {
					return errorUnless(!firstOf(f.World, channel, onChannel).IsZero(), "nothing has gone out on "+channel)
				})
			}

			since := time.Now()
			mend := lose(lost)
			gone := time.Now()
			unjudged := f.Publish(harness.NewAlert("ma.worcester")).Key
			status, err := f.Signal.Reply(harness.Phone(firstOnSignal), "ACK "+f.Summary(waits).Code)
			require.NoError(t, err)
			require.Equal(t, 200, status)
			inTime(t, "an answer", since, func() time.Time { return answeredAt(f.World, waits, harness.Phone(firstOnSignal)) })
			for _, channel := range everyChannel {
				inTime(t, "the first message that waited on "+channel, since, func() time.Time { return attemptedAfter(f.World, waits, channel, gone) })
			}
			inTime(t, "the first message of an alert that nobody had judged", since, func() time.Time { return firstOf(f.World, string(unjudged), ofAlert) })

			mend()
			did.keys = []alerting.Key{waits, unjudged}
			for _, key := range did.keys {
				f.Finished(key)
			}
			checked(t, f.World, did)
			for channel, rate := range map[string]float64{"sms": 20, "email": 3, "signal": 2} {
				keptTheRate(t, f.World, channel, rate)
			}
		})
	}
}

var (
	everyChannel = []string{"sms", "email", "signal"}
	everyLease   = []string{"router", "tracker", "channel-sms", "channel-email", "channel-signal"}
)

// backlog is as many people as keep each channel busy for some seconds at the rates of the test, and one
// of another town.
func backlog() (people []subscribers.Subscriber) {
	add := func(contact harness.Contact) {
		people = append(people, harness.Person(fmt.Sprintf("clerk-%03d", len(people)), "ma.boston", contact))
	}
	for n := range 40 {
		add(harness.SMS(harness.Phone(n)))
	}
	for n := range 5 {
		add(harness.Email(fmt.Sprintf("clerk-%d@boston.example", n)))
	}
	for n := range 4 {
		add(harness.Signal(harness.Phone(firstOnSignal + n)))
	}
	return append(people, harness.Person("chief", "ma.worcester", harness.Email("chief@worcester.example")))
}

// firstOnSignal is the number of the first phone that has Signal.
const firstOnSignal = 100

// inTime waits until something has come of a lost process's work, and holds the time against the promise:
// at tells when it did, and the zero time while it has not.
func inTime(t testing.TB, what string, since time.Time, at func() time.Time) (took time.Duration) {
	t.Helper()
	var done time.Time
	harness.Soon(t, func() error {
		done = at()
		return errorUnless(!done.IsZero(), what+" has not come")
	})
	took = done.Sub(since)
	t.Logf("%s: after %s", what, took.Round(time.Millisecond))
	assert.Less(t, took, takeoverLimit, "%s came too late", what)
	return took
}

// firstOf is when the first message that matches was taken by its provider.
func firstOf(w *harness.World, what string, matches func(m checker.Message, what string) bool) (first time.Time) {
	for _, m := range provided(w) {
		if matches(m, what) && (first.IsZero() || m.At.Before(first)) {
			first = m.At
		}
	}
	return first
}

func onChannel(m checker.Message, channel string) bool { return m.Channel == channel }

// ofAlert reports whether a text or a mail is of an alert. Messages on Signal don't say.
func ofAlert(m checker.Message, key string) bool {
	ref, err := alerting.ParseRef(m.Ref)
	return err == nil && string(ref.Alert) == key
}

// attemptedAfter is when a channel's provider took the first message to an address at which nothing had
// been attempted by a time: who was lost then has not sent it.
func attemptedAfter(w *harness.World, key alerting.Key, channel string, after time.Time) time.Time {
	late := map[string]bool{}
	for _, d := range w.Deliveries(key) {
		first := slices.IndexFunc(d.History, func(e tracking.Entry) bool { return e.State == alerting.Attempting })
		late[d.Address] = d.Channel == channel && first >= 0 && d.History[first].At.After(after)
	}
	return firstOf(w, channel, func(m checker.Message, channel string) bool { return m.Channel == channel && late[m.To] })
}

// answeredAt is the present, once an answer of the person who has an address is shown: what is shown of it is
// when it came in.
func answeredAt(w *harness.World, key alerting.Key, address string) time.Time {
	for _, p := range w.People(key) {
		if p.Contacts[0].Address == address && p.Answer != nil {
			return time.Now()
		}
	}
	return time.Time{}
}

// confirmedAt is when a phone was sent the confirmation of its answer to the alert with a code.
func confirmedAt(w *harness.World, phone, code string) time.Time {
	return firstOf(w, code+" acknowledged", func(m checker.Message, words string) bool { return m.To == phone && strings.Contains(m.Text, words) })
}
