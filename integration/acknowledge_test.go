package integration_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/integration/harness"
	"revere/integration/signalsim"
)

// A desk is a world with one person on every channel, each with a contact of one kind.
func desk(t *testing.T, o harness.Options) *harness.World {
	t.Helper()
	w := harness.New(t, o)
	w.Import(
		harness.Person("by-sms", "ma.boston", harness.SMS(harness.Phone(1))),
		harness.Person("by-mail", "ma.boston", harness.Email("clerk@boston.example")),
		harness.Person("by-signal", "ma.boston", harness.Signal(harness.Phone(2))),
		harness.Person("by-desk", "ma.boston", harness.SMS(harness.Phone(3))),
		harness.Person("silent", "ma.boston", harness.SMS(harness.Phone(4))),
	)
	return w
}

// out publishes an alert and waits until everyone has it.
func out(t *testing.T, w *harness.World, change func(harness.Alert) harness.Alert) api.Published {
	t.Helper()
	p := w.Publish(change(harness.NewAlert("ma.boston")))
	w.States(p.Key, map[string]alerting.State{
		harness.Phone(1): alerting.Delivered, harness.Phone(3): alerting.Delivered, harness.Phone(4): alerting.Delivered,
		"clerk@boston.example": alerting.Accepted, harness.Phone(2): alerting.Accepted,
	})
	return p
}

func plainly(a harness.Alert) harness.Alert { return a }

func offering(a harness.Alert) harness.Alert {
	return a.With("responses", []map[string]string{{"key": "1", "label": "On it"}, {"key": "2", "label": "Need help"}})
}

// timestamp is Signal's name for the newest message to an address.
func timestamp(t *testing.T, w *harness.World, to string) int64 {
	t.Helper()
	messages := w.Signal.MessagesTo(to)
	require.NotEmpty(t, messages)
	return messages[len(messages)-1].Timestamp
}

var ackLink = regexp.MustCompile(`http://[^\s"<>]+/a/[A-Za-z0-9_-]+`)

// link is the acknowledgement link of the newest mail to the clerk.
func link(t *testing.T, w *harness.World) string {
	t.Helper()
	mails := w.Mails("clerk@boston.example")
	require.NotEmpty(t, mails)
	found := ackLink.FindString(mails[len(mails)-1].Text)
	require.NotEmpty(t, found, "the mail has no acknowledgement link")
	return found
}

// An answer is one way to acknowledge, and what is recorded of it.
type answerCase struct {
	subscriber string
	via        alerting.Via
	response   string
	do         func(t *testing.T, w *harness.World, p api.Published)
}

var answers = map[string]answerCase{
	"SMS with the code": {"by-sms", alerting.ViaReply, "", func(t *testing.T, w *harness.World, p api.Published) {
		_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, " ack  "+p.Code+" ")
		require.NoError(t, err)
	}},
	"SMS with the only open alert's word": {"by-sms", alerting.ViaReply, "", func(t *testing.T, w *harness.World, _ api.Published) {
		_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "Ack.")
		require.NoError(t, err)
	}},
	"SMS with a response": {"by-sms", alerting.ViaReply, "2", func(t *testing.T, w *harness.World, p api.Published) {
		_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "2 "+p.Code+" need a generator")
		require.NoError(t, err)
	}},
	"the link's button": {"by-mail", alerting.ViaLink, "", func(t *testing.T, w *harness.World, _ api.Published) {
		path := strings.TrimPrefix(link(t, w), w.URL())
		w.For(t).Call(http.StatusOK, harness.Request{Method: http.MethodPost, Path: path, Body: "response=ack", Header: formType})
	}},
	"Signal reply": {"by-signal", alerting.ViaReply, "1", func(t *testing.T, w *harness.World, p api.Published) {
		signaled(t)(w.Signal.Reply(harness.Phone(2), "1 "+p.Code))
	}},
	"Signal quote": {"by-signal", alerting.ViaQuote, "", func(t *testing.T, w *harness.World, _ api.Published) {
		signaled(t)(w.Signal.Quote(harness.Phone(2), "on my way", timestamp(t, w, harness.Phone(2))))
	}},
	"Signal reaction": {"by-signal", alerting.ViaReaction, "", func(t *testing.T, w *harness.World, _ api.Published) {
		signaled(t)(w.Signal.React(harness.Phone(2), "👍", timestamp(t, w, harness.Phone(2))))
	}},
	"API": {"by-desk", alerting.ViaAPI, "2", func(t *testing.T, w *harness.World, p api.Published) {
		w.For(t).Acknowledge(p.Key, "by-desk", "2")
	}},
	"command line": {"by-desk", alerting.ViaCLI, "1", func(t *testing.T, w *harness.World, p api.Published) {
		r := w.For(t).CLI("ack", string(p.Key), "by-desk", "--response", "1", "--note", "called back")
		require.Equal(t, 0, r.Status, r.Stderr)
	}},
}

var formType = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

// signaled checks that the bridge's post was taken.
func signaled(t *testing.T) func(status int, err error) {
	return func(status int, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
	}
}

// Every way to acknowledge is recorded with who, by which way, and which response; and counts for
// that person only.
func TestAcknowledging(t *testing.T) {
	t.Parallel()
	for name, c := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := desk(t, harness.Options{InProcess: true})
			p := out(t, w, offering)
			c.do(t, w, p)
			answer := w.Answered(p.Key, c.subscriber)
			assert.Equal(t, c.via, answer.Via)
			assert.Equal(t, c.response, answer.Response)
			s := w.Summary(p.Key)
			assert.Equal(t, 1, s.Acknowledged)
			key := c.response
			if key == "" {
				key = "ack"
			}
			assert.Equal(t, map[string]int{key: 1}, s.Responses)
		})
	}
}

// A mail scanner opens every link, in every way that shows something.
func TestOpeningTheLinkAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	p := out(t, w, plainly)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w.Call(http.StatusOK, harness.Request{Method: method, Path: strings.TrimPrefix(link(t, w), w.URL())})
	}
	w.Acknowledge(p.Key, "by-desk", "") // written after; whatever the scanner did would be there by now
	assert.Equal(t, 1, w.Summary(p.Key).Acknowledged)
	assert.Nil(t, w.Person(p.Key, "by-mail").Answer)
}

// The confirmation of an answer names the alert, and is no alert.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	p := out(t, w, plainly)
	_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "ACK "+p.Code)
	require.NoError(t, err)
	texts := w.Texts(harness.Phone(1), 2)
	assert.Contains(t, texts[1], p.Code+" acknowledged")
	assert.Equal(t, 5, w.Summary(p.Key).Deliveries, "a confirmation is no delivery of the alert")
}

// A reaction that is taken back is no answer any more.
func TestAReactionTakenBack(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	p := out(t, w, plainly)
	about := timestamp(t, w, harness.Phone(2))
	signaled(t)(w.Signal.React(harness.Phone(2), "👍", about))
	w.Answered(p.Key, "by-signal")
	signaled(t)(w.Signal.Unreact(harness.Phone(2), "👍", about))
	harness.Grown(t, "answers taken back", 1, func() []bool {
		if w.Person(p.Key, "by-signal").Answer == nil {
			return []bool{true}
		}
		return nil
	})
	assert.Zero(t, w.Summary(p.Key).Acknowledged)
}

// Signal's receipts raise the state.
func TestSignalReceipts(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	p := out(t, w, plainly)
	about := timestamp(t, w, harness.Phone(2))
	for _, receipt := range []struct {
		kind  signalsim.ReceiptKind
		state alerting.State
	}{{signalsim.Delivery, alerting.Delivered}, {signalsim.Read, alerting.Read}, {signalsim.Delivery, alerting.Read}} {
		signaled(t)(w.Signal.Receipt(harness.Phone(2), receipt.kind, about))
		harness.Soon(t, func() error { return inState(w, p.Key, harness.Phone(2), receipt.state) })
	}
}

// A code that no open alert has acknowledges nothing, and the person is told once.
func TestAWrongCode(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	p := out(t, w, plainly)
	for range 3 {
		_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "ACK A2A")
		require.NoError(t, err)
	}
	harness.Grown(t, "remarks", 3, func() []string {
		var details []string
		for _, r := range w.Summary(p.Key).Remarks {
			details = append(details, r.Detail)
		}
		return details
	})
	texts := w.Texts(harness.Phone(1), 2)
	assert.Contains(t, texts[1], "nothing recorded")
	assert.Zero(t, w.Summary(p.Key).Acknowledged)
}

// With two alerts open a plain ACK says which of them for neither.
func TestAPlainACKBetweenTwoAlerts(t *testing.T) {
	t.Parallel()
	w := desk(t, harness.Options{InProcess: true})
	first, second := out(t, w, plainly), out(t, w, plainly)
	_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "ACK")
	require.NoError(t, err)
	w.Texts(harness.Phone(1), 3) // two alerts and one help text
	assert.Zero(t, w.Summary(first.Key).Acknowledged+w.Summary(second.Key).Acknowledged)
	_, err = w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "ACK "+second.Code)
	require.NoError(t, err)
	w.Answered(second.Key, "by-sms")
	assert.Zero(t, w.Summary(first.Key).Acknowledged)
}

// STOP leaves a gap that everyone can see, and nothing more goes there; START lifts it, and what was
// held back meanwhile goes out.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	first := w.Publish(harness.NewAlert("ma.boston"))
	w.States(first.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	_, err := w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "STOP")
	require.NoError(t, err)
	gaps := func(key alerting.Key) func() []string {
		return func() []string {
			var who []string
			for _, gap := range w.Summary(key).Gaps {
				who = append(who, gap.Subscriber)
			}
			return who
		}
	}
	harness.Grown(t, "gaps", 1, gaps(first.Key))
	during := w.Publish(harness.NewAlert("ma.boston"))
	w.States(during.Key, map[string]alerting.State{harness.Phone(1): alerting.Suppressed})
	harness.Grown(t, "gaps", 1, gaps(during.Key))
	w.Texts(harness.Phone(1), 1)

	_, err = w.Twilio.Reply(harness.Phone(1), harness.SMSNumber, "START")
	require.NoError(t, err)
	harness.Soon(t, func() error { return errorUnless(len(gaps(first.Key)()) == 0, "the gap is still shown") })
	w.States(during.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	after := w.Publish(harness.NewAlert("ma.boston"))
	w.States(after.Key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	w.Texts(harness.Phone(1), 3)
}
