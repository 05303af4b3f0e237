package integration_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
	"revere/subscribers"
)

// quick has a contact given up after moments instead of a minute; a busy machine still brings the
// receipts of its own stand-ins in time.
var quick = map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": fallbackAfter.String()}

const fallbackAfter = 4 * time.Second

// An alert for the whole state reaches everyone below it once; one for a town reaches the town, its
// county and its state, and nobody else.
func TestOverlapDecidesWhoIsReached(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	state := harness.Person("state", "ma.statewide", harness.SMS(harness.Phone(1)))
	county := harness.Person("county", "ma.county-suffolk", harness.SMS(harness.Phone(2)))
	boston := harness.Person("boston", "ma.boston", harness.SMS(harness.Phone(3)))
	boston.Areas = append(boston.Areas, "ma.chelsea", "ma.county-suffolk")
	lowell := harness.Person("lowell", "ma.lowell", harness.SMS(harness.Phone(4)))
	albany := harness.Person("albany", "ny.albany", harness.SMS(harness.Phone(5)))
	w.Import(state, county, boston, lowell, albany)

	for _, c := range []struct {
		area    string
		reached []int
	}{
		{"us.nationwide", []int{1, 2, 3, 4, 5}},
		{"ma.statewide", []int{1, 2, 3, 4}},
		{"ma.county-suffolk", []int{1, 2, 3}},
		{"ma.boston", []int{1, 2, 3}},
		{"ma.lowell", []int{1, 4}},
		{"ny.albany", []int{5}},
	} {
		t.Run(c.area, func(t *testing.T) {
			w := w.For(t)
			want := map[string]alerting.State{}
			for _, n := range c.reached {
				want[harness.Phone(n)] = alerting.Delivered
			}
			p := w.Publish(harness.NewAlert(c.area))
			w.States(p.Key, want)
			s := w.Finished(p.Key)
			assert.Equal(t, len(c.reached), s.People)
			assert.Equal(t, len(c.reached), s.Delivered)
		})
	}
}

// One message goes to an address that several share, and its answer counts for each of them.
func TestASharedDeskGetsOneMessage(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	var desks []subscribers.Subscriber
	for _, town := range []string{"boston", "chelsea", "cambridge"} {
		desk := harness.Person("desk-"+town, "ma."+town, harness.SMS(harness.Phone(1)))
		desk.Shared = true
		desks = append(desks, desk)
	}
	w.Import(desks...)
	p := w.Publish(harness.NewAlert("ma.statewide"))
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	w.Texts(harness.Phone(1), 1)

	_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "ack "+p.Code)
	require.NoError(t, err)
	for _, desk := range desks {
		answer := w.Answered(p.Key, desk.ID)
		assert.Equal(t, harness.Phone(1), answer.Address)
		assert.True(t, answer.Shared)
	}
	assert.Equal(t, 3, w.Summary(p.Key).Acknowledged)
}

// What stands between one contact and the next.
func TestFallback(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, Settings: quick})
	people := []struct {
		id       string
		behavior twiliosim.Behavior
		phone    alerting.State
		mail     bool
		within   time.Duration // after which the mail may be used at the earliest
	}{
		{"delivered", twiliosim.Behavior{}, alerting.Delivered, false, 0},
		{"landline", twiliosim.Behavior{Landline: true}, alerting.Failed, true, 0},
		{"undelivered", twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30005}, alerting.Undelivered, true, 0},
		{"no-receipt", twiliosim.Behavior{Receipts: twiliosim.None}, alerting.Accepted, true, fallbackAfter},
		{"sent-only", twiliosim.Behavior{Outcome: twiliosim.SentOnly}, alerting.Sent, true, fallbackAfter},
		{"opted-out", twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusBadRequest, 21610)}, alerting.Suppressed, true, 0},
	}
	want := map[string]alerting.State{}
	for i, p := range people {
		number, mail := harness.Phone(i), p.id+"@boston.example"
		w.Twilio.SetBehaviorFor(number, p.behavior)
		w.Import(harness.Person(p.id, "ma.boston", harness.SMS(number), harness.Email(mail)))
		want[number] = p.phone
		if p.mail {
			want[mail] = alerting.Accepted
		}
	}
	published := w.Publish(harness.NewAlert("ma.boston"))
	w.States(published.Key, want)
	w.Finished(published.Key)
	w.States(published.Key, want) // nobody's mail was used after all
	for i, p := range people {
		if p.within == 0 {
			continue
		}
		first, _ := w.Delivery(published.Key, harness.Phone(i))
		second, _ := w.Delivery(published.Key, p.id+"@boston.example")
		assert.GreaterOrEqual(t, second.History[0].At.Sub(first.History[0].At), p.within-time.Millisecond, p.id)
	}
}

// Somebody whom nothing reaches any more is shown as a gap.
func TestAGapIsShown(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Twilio.SetBehaviorFor(harness.Phone(1), twiliosim.Behavior{Landline: true})
	w.SMTP.Inject(smtpsim.Fault{At: smtpsim.AtRcpt, Reply: smtpsim.Reply{Code: 550, Status: "5.1.1", Text: "no such user"}})
	w.Import(harness.Person("gone", "ma.boston", harness.SMS(harness.Phone(1)), harness.Email("gone@boston.example")))
	p := w.Publish(harness.NewAlert("ma.boston"))
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Failed, "gone@boston.example": alerting.Failed})
	harness.Grown(t, "gaps", 1, func() []string {
		var who []string
		for _, gap := range w.Summary(p.Key).Gaps {
			who = append(who, gap.Subscriber)
		}
		return who
	})
	assert.Zero(t, w.Finished(p.Key).Reached)
}

// An extreme alert goes to all contacts at once.
func TestExtremeGoesToAllAtOnce(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1)), harness.Email("clerk@boston.example"), harness.Signal(harness.Phone(2))))
	p := w.Publish(harness.NewAlert("ma.boston").With("severity", "extreme"))
	w.States(p.Key, map[string]alerting.State{
		harness.Phone(1): alerting.Delivered, "clerk@boston.example": alerting.Accepted, harness.Phone(2): alerting.Accepted,
	})
	assert.Equal(t, 1, w.Summary(p.Key).People)
}

// Floors decide who is woken, for a person and for one contact.
func TestFloors(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	clerk := harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1)), harness.Email("clerk@boston.example"))
	clerk.Contacts[0].MinSeverity = alerting.Severe
	chief := harness.Person("chief", "ma.boston", harness.SMS(harness.Phone(2)))
	chief.MinSeverity = alerting.Extreme
	w.Import(clerk, chief)
	minor := w.Publish(harness.NewAlert("ma.boston").With("severity", "minor"))
	w.States(minor.Key, map[string]alerting.State{"clerk@boston.example": alerting.Accepted})
	unknown := w.Publish(harness.NewAlert("ma.boston").With("severity", "unknown"))
	w.States(unknown.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
}

// Drafts and system alerts are kept and reach nobody; an alert that is over reaches nobody any more.
func TestWhatReachesNobody(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	for _, status := range []string{"draft", "system"} {
		p := w.Publish(harness.NewAlert("ma.boston").With("status", status))
		assert.Zero(t, w.Finished(p.Key).People, status)
	}
	last := w.Publish(harness.NewAlert("ma.boston"))
	w.States(last.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	w.Texts(harness.Phone(1), 1) // what was published before would have come before
}

// What is still due when an alert expires is not sent any more.
func TestExpiry(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Twilio.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusServiceUnavailable, 20503)})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	p := w.Publish(harness.NewAlert("ma.boston").Expiring(1500 * time.Millisecond))
	w.States(p.Key, map[string]alerting.State{harness.Phone(1): alerting.Expired})
	assert.Equal(t, "expired", string(w.Finished(p.Key).Phase))
	assert.Empty(t, w.SMS(harness.Phone(1)))
	d, _ := w.Delivery(p.Key, harness.Phone(1))
	assert.True(t, slices.ContainsFunc(d.History, func(e tracking.Entry) bool { return e.Code == "20503" }), "the history keeps why it did not go out: %v", d.History)
}
