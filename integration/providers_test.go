package integration_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/signalsim"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
)

// A misbehavior is one way in which a provider goes wrong, and what must come of it.
type misbehavior struct {
	// begin makes the provider go wrong. Until the delivery's history has shown a state it stays so;
	// then end mends it. A provider that mends by itself has no end.
	begin func(w *harness.World)
	shows alerting.State
	end   func(w *harness.World)

	state    alerting.State // in the end
	attempts int            // on record
	messages int            // at the provider
	marked   bool           // the last attempt is a possible duplicate
}

const (
	victimPhone  = "+16175561234"
	victimMail   = "clerk@boston.example"
	victimSignal = "+16175561235"
)

// try has one person on one channel live through a misbehavior.
func (m misbehavior) try(t *testing.T, contact harness.Contact, taken func(w *harness.World) int) {
	w := harness.New(t, harness.Options{InProcess: true, Settings: map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": "10m"}})
	person := harness.Person("clerk", "ma.boston", contact)
	w.Import(person)
	m.begin(w)
	p := w.Publish(harness.NewAlert("ma.boston"))
	if m.end != nil {
		harness.Within(t, time.Minute, func() error { return shown(w, p.Key, contact.Address, m.shows) })
		m.end(w)
	}
	harness.Within(t, time.Minute, func() error {
		if err := inState(w, p.Key, contact.Address, m.state); err != nil {
			return err
		}
		return errorUnless(w.Summary(p.Key).Finished, "it is not finished")
	})
	d, _ := w.Delivery(p.Key, contact.Address)
	assert.Equal(t, m.attempts, d.Attempts, "attempts: %v", d.History)
	assert.Equal(t, m.messages, taken(w), "messages at the provider")
	assert.Equal(t, m.marked, marked(d), "possible duplicate: %v", d.History)
	checked(t, w, history{people: only(person), keys: []alerting.Key{p.Key}})
}

// shown says that a delivery's history has not had a state, and nil when it has.
func shown(w *harness.World, key alerting.Key, address string, state alerting.State) error {
	d, _ := w.Delivery(key, address)
	for _, e := range d.History {
		if e.State == state && (e.Attempt > 0 || !e.RetryAt.IsZero()) {
			return nil
		}
	}
	return fmt.Errorf("%s was never %s: %v", address, state, d.History)
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

func twilio(b twiliosim.Behavior) func(*harness.World) {
	return func(w *harness.World) { w.Twilio.SetBehaviorFor(victimPhone, b) }
}

// once is a behavior for the first call only.
func once(b twiliosim.Behavior) func(*harness.World) {
	b.Times = 1
	return twilio(b)
}

func html(status int) *twiliosim.Answer {
	return &twiliosim.Answer{Status: status, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>oops</html>"}
}

// What is unknown is looked up at Twilio: adopted where Twilio has it, sent again where it has not.
var twilioMisbehaves = map[string]misbehavior{
	"slow":                 {begin: twilio(twiliosim.Behavior{Latency: 600 * time.Millisecond}), state: alerting.Delivered, attempts: 1, messages: 1},
	"hangs":                {begin: once(twiliosim.Behavior{Fault: twiliosim.HangBefore}), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
	"hangs having it":      {begin: once(twiliosim.Behavior{Fault: twiliosim.HangAfter}), state: alerting.Delivered, attempts: 1, messages: 1},
	"cuts":                 {begin: once(twiliosim.Behavior{Fault: twiliosim.CutBefore}), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
	"cuts having it":       {begin: once(twiliosim.Behavior{Fault: twiliosim.CutAfter}), state: alerting.Delivered, attempts: 1, messages: 1},
	"cuts within":          {begin: once(twiliosim.Behavior{Fault: twiliosim.CutAnswer}), state: alerting.Delivered, attempts: 1, messages: 1},
	"cuts, tells nothing":  {begin: once(twiliosim.Behavior{Fault: twiliosim.CutAfter, Receipts: twiliosim.None, Outcome: twiliosim.SentOnly}), state: alerting.Sent, attempts: 1, messages: 1},
	"200 with nothing":     {begin: once(twiliosim.Behavior{Fault: twiliosim.EmptyAnswer, Receipts: twiliosim.None}), state: alerting.Delivered, attempts: 1, messages: 1},
	"201 with a page":      {begin: once(twiliosim.Behavior{Answer: &twiliosim.Answer{Status: 201, Body: "<html>", Accept: true}, Receipts: twiliosim.None}), state: alerting.Delivered, attempts: 1, messages: 1},
	"a redirect":           {begin: once(twiliosim.Behavior{Answer: &twiliosim.Answer{Status: 302, Header: map[string]string{"Location": "/login"}}}), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
	"a gateway's 502":      {begin: once(twiliosim.Behavior{Answer: html(http.StatusBadGateway)}), state: alerting.Delivered, attempts: 2, messages: 1, marked: true},
	"500 with a page":      {begin: once(twiliosim.Behavior{Answer: html(http.StatusInternalServerError)}), state: alerting.Delivered, attempts: 2, messages: 1},
	"503":                  {begin: once(twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusServiceUnavailable, 20503)}), state: alerting.Delivered, attempts: 2, messages: 1},
	"429":                  {begin: once(twiliosim.Behavior{Answer: twiliosim.Throttle(0)}), state: alerting.Delivered, attempts: 2, messages: 1},
	"429 for two seconds":  {begin: once(twiliosim.Behavior{Answer: twiliosim.Throttle(2 * time.Second)}), state: alerting.Delivered, attempts: 2, messages: 1},
	"21211, no such phone": {begin: twilio(twiliosim.Behavior{Answer: twiliosim.Refuse(http.StatusBadRequest, 21211)}), state: alerting.Failed, attempts: 1},
	"receipts twice":       {begin: twilio(twiliosim.Behavior{Receipts: twiliosim.Twice}), state: alerting.Delivered, attempts: 1, messages: 1},
	"receipts reversed":    {begin: twilio(twiliosim.Behavior{Receipts: twiliosim.OutOfOrder}), state: alerting.Delivered, attempts: 1, messages: 1},
	"receipts late":        {begin: twilio(twiliosim.Behavior{ReceiptDelay: 700 * time.Millisecond}), state: alerting.Delivered, attempts: 1, messages: 1},
	"read":                 {begin: twilio(twiliosim.Behavior{Outcome: twiliosim.ReadByUser}), state: alerting.Read, attempts: 1, messages: 1},
	"30003, then arrived":  {begin: twilio(twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30003}), state: alerting.Undelivered, attempts: 1, messages: 1},
}

func TestTwilioMisbehaves(t *testing.T) {
	t.Parallel()
	for name, m := range twilioMisbehaves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m.try(t, harness.SMS(victimPhone), func(w *harness.World) int { return len(w.SMS(victimPhone)) })
		})
	}
}

func smtp(f smtpsim.Fault) func(*harness.World) {
	return func(w *harness.World) { w.SMTP.Inject(f) }
}

func says(code int, status string) smtpsim.Reply {
	return smtpsim.Reply{Code: code, Status: status, Text: "as the test asked"}
}

// A mail server can't be asked: what is unknown is sent again after a while, and says that it may be
// a repeat.
var smtpMisbehaves = map[string]misbehavior{
	"slow":                  {begin: func(w *harness.World) { w.SMTP.SetLatency(15 * time.Millisecond) }, state: alerting.Accepted, attempts: 1, messages: 1},
	"421 at the greeting":   {begin: smtp(smtpsim.Fault{At: smtpsim.AtGreeting, Reply: says(421, "4.3.2"), Times: 1}), state: alerting.Accepted, attempts: 2, messages: 1},
	"cuts the greeting":     {begin: smtp(smtpsim.Fault{At: smtpsim.AtGreeting, Do: smtpsim.Cut, Times: 1}), state: alerting.Accepted, attempts: 2, messages: 1},
	"hangs at the greeting": {begin: smtp(smtpsim.Fault{At: smtpsim.AtGreeting, Do: smtpsim.Hang, Times: 1}), state: alerting.Accepted, attempts: 2, messages: 1},
	"451 for the recipient": {begin: smtp(smtpsim.Fault{At: smtpsim.AtRcpt, Reply: says(451, "4.7.1"), Times: 1}), state: alerting.Accepted, attempts: 2, messages: 1},
	"550 for the recipient": {begin: smtp(smtpsim.Fault{At: smtpsim.AtRcpt, Reply: says(550, "5.1.1")}), state: alerting.Failed, attempts: 1},
	"cuts before the mail":  {begin: smtp(smtpsim.Fault{At: smtpsim.AtData, Do: smtpsim.Cut, Times: 1}), state: alerting.Accepted, attempts: 2, messages: 1},
	"452 for the mail":      {begin: smtp(smtpsim.Fault{At: smtpsim.AtContent, Reply: says(452, "4.2.2"), Times: 1}), state: alerting.Accepted, attempts: 2, messages: 1},
	"554 for the mail":      {begin: smtp(smtpsim.Fault{At: smtpsim.AtContent, Reply: says(554, "5.7.1")}), state: alerting.Failed, attempts: 1},
	"cuts having it":        {begin: smtp(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Cut, Times: 1}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
	"cuts not having it":    {begin: smtp(smtpsim.Fault{At: smtpsim.AtContent, Do: smtpsim.Cut, Times: 1}), state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
	"hangs having it":       {begin: smtp(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Hang, Times: 1}), state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
	"cuts at the end":       {begin: smtp(smtpsim.Fault{At: smtpsim.AtQuit, Do: smtpsim.Cut}), state: alerting.Accepted, attempts: 1, messages: 1},
}

func TestTheMailServerMisbehaves(t *testing.T) {
	t.Parallel()
	for name, m := range smtpMisbehaves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m.try(t, harness.Email(victimMail), func(w *harness.World) int { return len(w.Mails(victimMail)) })
		})
	}
}

func bridge(b signalsim.Behavior) func(*harness.World) {
	return func(w *harness.World) { w.Signal.Behave(b) }
}

var mended = bridge(signalsim.Behavior{})

// The bridge can't be asked either.
var signalMisbehaves = map[string]misbehavior{
	"slow":                {begin: bridge(signalsim.Behavior{Latency: 600 * time.Millisecond}), state: alerting.Accepted, attempts: 1, messages: 1},
	"answers an array":    {begin: bridge(signalsim.Behavior{Array: true}), state: alerting.Accepted, attempts: 1, messages: 1},
	"hangs having it":     {begin: bridge(signalsim.Behavior{Hang: true}), shows: alerting.Unknown, end: mended, state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
	"cuts":                {begin: bridge(signalsim.Behavior{CutBefore: true}), shows: alerting.Unknown, end: mended, state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
	"cuts having it":      {begin: bridge(signalsim.Behavior{CutAfter: true}), shows: alerting.Unknown, end: mended, state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
	"201 with a page":     {begin: bridge(signalsim.Behavior{NotJSON: true}), shows: alerting.Unknown, end: mended, state: alerting.Accepted, attempts: 2, messages: 2, marked: true},
	"500":                 {begin: bridge(signalsim.Behavior{Status: 500, Error: "broken"}), shows: alerting.Unknown, end: mended, state: alerting.Accepted, attempts: 2, messages: 1, marked: true},
	"503 for two seconds": {begin: bridge(signalsim.Behavior{Status: 503, RetryAfter: 2 * time.Second}), shows: alerting.Queued, end: mended, state: alerting.Accepted, attempts: 2, messages: 1},
	"429 for two seconds": {begin: bridge(signalsim.Behavior{Status: 429, Error: signalsim.ErrorRateLimit, RetryAfter: 2 * time.Second}), shows: alerting.Queued, end: mended, state: alerting.Accepted, attempts: 2, messages: 1},
	"nobody there":        {begin: bridge(signalsim.Behavior{Refuse: map[string]string{victimSignal: signalsim.ErrorUnregistered}}), state: alerting.Failed, attempts: 1},
	"201 and not to them": {begin: bridge(signalsim.Behavior{Partly: map[string]string{victimSignal: "UNREGISTERED_FAILURE"}}), state: alerting.Failed, attempts: 1},
}

func TestSignalMisbehaves(t *testing.T) {
	t.Parallel()
	for name, m := range signalMisbehaves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m.try(t, harness.Signal(victimSignal), func(w *harness.World) int { return len(w.Signal.MessagesTo(victimSignal)) })
		})
	}
}
