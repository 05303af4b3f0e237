package integration_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/signalsim"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
)

// A misbehavior is one way in which a provider goes wrong, and what must come of it.
type misbehavior struct {
	does string // what the provider does
	// fault makes it do so for a number of calls; 0 is for good.
	fault func(w *harness.World, times int)
	// settings, where set, point the service at a provider that is wrong, for good.
	settings func(t *testing.T) map[string]string

	course course
	code   string // what the first attempt came to, as alerts show has it
	check  string // what revere check says of it; empty where it can't know

	// Where the misbehavior ends: the last state, the attempts on record (0 is one), the messages at
	// the provider, and whether the last attempt was marked a possible duplicate.
	state              alerting.State
	attempts, messages int
	marked             bool
}

// stays reports whether the delivery is left waiting: the provider is not mended.
func (m misbehavior) stays() bool { return m.state == alerting.Queued }

// times is for how many calls the victim has to bear it: what the second attempt shows is that it is over.
func (m misbehavior) times() int {
	if m.attempts > 1 || m.course.again == asks {
		return 1
	}
	return 0
}

// A course is what Revere does about a misbehavior.
type course struct {
	says    string         // why, for the table
	shows   alerting.State // what is on record of the first attempt
	again   again
	breaker bool // five in a row open the breaker
	pauses  bool // nothing goes out on the channel for a while, and the log says so
	next    bool // the person's next contact is used at once
}

func (c course) accepted() bool { return c.shows == alerting.Accepted }

// stops reports whether nothing else goes out on the channel for a minute or more.
func (c course) stops() bool { return c.pauses || c.again == waitsAMinute }

// The courses.
var (
	accepts           = course{says: "it has the message", shows: alerting.Accepted}
	acceptsSilently   = course{says: "it has the message, and can be asked", shows: alerting.Accepted, again: inquires}
	losesSilently     = course{says: "it lost the message, and can be asked", shows: alerting.Accepted, again: inquires, next: true}
	losesSignal       = course{says: "it may have the message, and has lost Signal", shows: alerting.Unknown, again: waits, pauses: true}
	losesLater        = course{says: "it lost the message", shows: alerting.Accepted, next: true}
	isAsked           = course{says: "it may have the message, and can be asked", shows: alerting.Unknown, again: asks, breaker: true}
	mayHaveIt         = course{says: "it may have the message, and can't be asked", shows: alerting.Unknown, again: waits, breaker: true}
	fails             = course{says: "it does not have the message, and may be down", shows: alerting.Queued, again: backsOff, breaker: true}
	putsOff           = course{says: "it does not take this message now, and works", shows: alerting.Queued, again: backsOff}
	asksToWait        = course{says: "it has too much to do", shows: alerting.Queued, again: obeys}
	asksToWaitAMinute = course{says: "it has too much to do, and does not say for how long", shows: alerting.Queued, again: waitsAMinute}
	holds             = course{says: "only the operator can mend it", shows: alerting.Queued, again: rests, pauses: true}
	refuses           = course{says: "it never takes this message", shows: alerting.Failed, next: true}
	knowsSTOP         = course{says: "the person wants no messages there", shows: alerting.Suppressed, next: true}
)

// An again is when there is another attempt, or a question.
type again int

const (
	never again = iota
	inquires
	asks
	waits
	backsOff
	obeys
	waitsAMinute
	rests
)

// agains say when in words, and bound the time from what the first attempt came to. The settings of the
// tests stand for reconcile_after (1 s) and for what a provider asks for (1 or 2 s).
var agains = map[again]struct {
	says           string
	least, longest time.Duration
}{
	never:        {"never", 0, 0},
	inquires:     {"never; asked what became of it after `ask_after`, twice as long, four times …", 0, 0},
	asks:         {"asked after `reconcile_after`: adopted where it has the message, else sent again, marked", time.Second, time.Second},
	waits:        {"after `reconcile_after` without a receipt, marked", time.Second, time.Second},
	backsOff:     {"after a random part of 2 s, 4 s … 5 min", 0, 2 * time.Second},
	obeys:        {"when it says (SMS: after 1 s where it does not)", time.Second, 2 * time.Second},
	waitsAMinute: {"after a minute", time.Minute, time.Minute},
	rests:        {"after a minute (Signal: five)", time.Minute, 5*time.Minute + time.Second},
}

// clocks is how far the record's time may be behind the reckoning of the next attempt.
const clocks = 500 * time.Millisecond

func (a again) holds(t *testing.T, e tracking.Entry) {
	t.Helper()
	bounds := agains[a]
	if a == never {
		assert.Zero(t, e.RetryAt)
		return
	}
	if assert.False(t, e.RetryAt.IsZero(), "there is to be no other attempt: %v", e) {
		wait := e.RetryAt.Sub(e.At)
		assert.GreaterOrEqual(t, wait, bounds.least-clocks)
		assert.LessOrEqual(t, wait, bounds.longest+clocks)
	}
}

func twilio(b twiliosim.Behavior) func(*harness.World, int) {
	return func(w *harness.World, times int) {
		b := b
		b.Times = times
		w.Twilio.SetBehavior(b)
	}
}

// silentTwilio tells no receipt, and answers reads so.
func silentTwilio(b twiliosim.Behavior, read *twiliosim.Answer) func(*harness.World, int) {
	b.Receipts = twiliosim.None
	return func(w *harness.World, _ int) {
		w.Twilio.SetBehavior(b)
		w.Twilio.SetReadAnswer(read)
	}
}

// once is the answer to the first read.
func once(a *twiliosim.Answer) *twiliosim.Answer {
	a.Times = 1
	return a
}

// jsonType is the header of a JSON answer.
var jsonType = map[string]string{"Content-Type": "application/json"}

func twilioRefuses(status, code int) func(*harness.World, int) {
	return twilio(twiliosim.Behavior{Answer: twiliosim.Refuse(status, code)})
}

// twilioAnswers with a web page, as something on the way does.
func twilioAnswers(status int, header ...string) func(*harness.World, int) {
	a := &twiliosim.Answer{Status: status, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>oops</html>"}
	for i := 0; i < len(header); i += 2 {
		a.Header[header[i]] = header[i+1]
	}
	return twilio(twiliosim.Behavior{Answer: a})
}

// upon does what a provider does once it has a message: a test that ends before it sees to nothing of it.
func upon(taken func() int, do func()) {
	go func() {
		for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(5 * time.Millisecond) {
			if taken() > 0 {
				do()
				return
			}
		}
	}()
}

// twilioOfStrangers tells of messages that nobody sent, that they were lost, before it tells the truth.
func twilioOfStrangers(w *harness.World, _ int) {
	w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
	upon(func() int { return len(w.SMS(victimPhone)) }, func() {
		sent := w.Twilio.Messages()[0]
		ref := refOf(sent.StatusCallback)
		key, _, _ := strings.Cut(ref, "-")
		for _, stranger := range []string{"", "nonsense", strings.Replace(ref, key, "a999999", 1)} {
			statusOf(w, stranger, "SM00000000000000000000000000000001", "undelivered")
		}
		statusOf(w, ref, sent.SID, "delivered")
	})
}

// bridgeTells has the bridge pass on what the victim's phone tells of a message.
func bridgeTells(b signalsim.Behavior, tell func(bridge *signalsim.Server, timestamp int64)) func(*harness.World, int) {
	return func(w *harness.World, _ int) {
		w.Signal.Behave(b)
		w.Signal.OnMessage(func(m signalsim.Message) {
			if m.To == victimSignal {
				tell(w.Signal, m.Timestamp)
			}
		})
	}
}

// phone passes receipts on, which are seen in what comes of them.
func phone(bridge *signalsim.Server, timestamp int64, kinds ...signalsim.ReceiptKind) {
	for _, kind := range kinds {
		_, _ = bridge.Receipt(victimSignal, kind, timestamp)
	}
}

// A mailReport is what mail systems say of a mail after they took it.
type mailReport struct {
	action, status string
	stranger       bool // it is of a mail that nobody sent
}

// reporting is a row in which such reports come in.
func reporting(m misbehavior, wait time.Duration, reports ...mailReport) misbehavior {
	var listener string
	m.settings = func(t *testing.T) map[string]string {
		listener = harness.FreeAddress(t)
		return map[string]string{"CHANNELS__EMAIL__LISTEN": listener}
	}
	m.fault = func(w *harness.World, _ int) {
		upon(func() int { return len(w.Mails(victimMail)) }, func() {
			time.Sleep(wait)
			ctx, cancel := context.WithTimeout(context.Background(), harness.Patience)
			defer cancel()
			for _, r := range reports {
				mail := w.Mails(victimMail)[0]
				if r.stranger {
					mail.From = strings.Replace(mail.From, "+a", "+a99999", 1)
				}
				_ = w.SMTP.Report(ctx, listener, mail, r.action, r.status) // it is seen in what comes of it
			}
		})
	}
	return m
}

func smtp(f smtpsim.Fault) func(*harness.World, int) {
	return func(w *harness.World, times int) {
		f := f
		f.Times = times
		w.SMTP.Inject(f)
	}
}

func smtpSays(at smtpsim.Point, code int, status string) func(*harness.World, int) {
	return smtp(smtpsim.Fault{At: at, Reply: smtpsim.Reply{Code: code, Status: status, Text: "as the test asked"}})
}

func slowSMTP(latency time.Duration) func(*harness.World, int) {
	return func(w *harness.World, _ int) { w.SMTP.SetLatency(latency) }
}

func bridge(b signalsim.Behavior) func(*harness.World, int) {
	return func(w *harness.World, times int) {
		b := b
		b.Times = times
		w.Signal.Behave(b)
	}
}

// everybody has the same reason for not getting a message by Signal.
func everybody(reason string) map[string]string {
	reasons := map[string]string{victimSignal: reason}
	for n := range crowdSize {
		reasons[crowdPhone(n)] = reason
	}
	return reasons
}

// sets is a setting that makes a provider wrong.
func sets(key, value string) func(*testing.T) map[string]string {
	return func(*testing.T) map[string]string { return map[string]string{key: value} }
}

func nobodyThere(key string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		return map[string]string{key: "http://" + harness.FreeAddress(t)}
	}
}

// untrusted is an address with a certificate that signed itself.
func untrusted(key string) func(*testing.T) map[string]string {
	return func(t *testing.T) map[string]string {
		server := httptest.NewUnstartedServer(nil)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		return map[string]string{key: server.URL}
	}
}

func mailServer(host, port string) map[string]string {
	return map[string]string{"CHANNELS__EMAIL__HOST": host, "CHANNELS__EMAIL__PORT": port}
}

func noMailServer(t *testing.T) map[string]string {
	host, port, err := net.SplitHostPort(harness.FreeAddress(t))
	require.NoError(t, err)
	return mailServer(host, port)
}

func mailHost(host string) func(*testing.T) map[string]string {
	return func(*testing.T) map[string]string {
		settings := mailServer(host, "587")
		settings["CHANNELS__EMAIL__TLS"] = "starttls" // no password is sent to a stranger in plain text
		return settings
	}
}

func untrustedMail(t *testing.T) map[string]string {
	server := &smtpsim.Server{TLS: smtpsim.StartTLS}
	require.NoError(t, server.Start())
	t.Cleanup(server.Stop)
	settings := mailServer(server.Host(), strconv.Itoa(server.Port()))
	settings["CHANNELS__EMAIL__TLS"] = "starttls"
	return settings
}

func speaksHTTP(t *testing.T) map[string]string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			_, _ = io.Copy(conn, strings.NewReader("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")) // whether it is heard shows in the test
			_ = conn.Close()
		}
	}()
	host, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return mailServer(host, port)
}
