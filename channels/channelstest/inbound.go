package channelstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"revere/alerting"
	"revere/channels"
)

// replyText is what the suite's person answers: no provider's own word, and no code of an alert.
const replyText = "ACK K7Q on our way"

func replyIsPutFirst(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Reply != nil, "Reply hook")
	fact, ok := putFirst(tb, h, f, f.Reply(h.Valid, replyText))
	if !ok {
		return
	}
	if fact.Kind != alerting.InboundReply {
		tb.Errorf("a person's reply was put as %q, not %q", fact.Kind, alerting.InboundReply)
	}
	if fact.From != h.Valid {
		tb.Errorf("a reply's From is %q, not %q; bring the sender into the form that ParseAddress gives, or the answer counts for nobody", fact.From, h.Valid)
	}
	if strings.TrimSpace(fact.Text) != replyText {
		tb.Errorf("a reply's Text is not what the person wrote; pass it on whole")
	}
	if fact.ID == "" {
		tb.Errorf("a reply has no ID; give the provider's id of the message, so that one posted twice counts once")
	}
}

func receiptIsPutFirst(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Receipt != nil, "Receipt hook")
	out := attempt(tb, h, f, newMessage(h, "K7Q"), ample)
	fact, ok := putFirst(tb, h, f, f.Receipt(out.ProviderID))
	if !ok {
		return
	}
	if fact.Kind != alerting.InboundReceipt {
		tb.Errorf("a receipt was put as %q, not %q", fact.Kind, alerting.InboundReceipt)
	}
	if fact.Ref == "" && len(fact.About) == 0 {
		tb.Errorf("a receipt has neither Ref nor About; nobody can tell which message it is about")
	}
	switch fact.State {
	case alerting.Accepted, alerting.Sent, alerting.Delivered, alerting.Read, alerting.Undelivered, alerting.Failed:
	default:
		tb.Errorf("a receipt says that the message is %s; say what the provider reports", fact.State)
	}
}

// putFirst posts an authentic request and holds its one fact to what is true of any.
func putFirst(tb testing.TB, h Harness, f *Fixture, r *http.Request) (alerting.Inbound, bool) {
	tb.Helper()
	inbox := new(Inbox)
	var answered atomic.Bool
	inbox.before = func() {
		if answered.Load() {
			tb.Errorf("the provider was answered before Put returned; a crash between the two loses the fact")
		}
	}
	status := post(tb, f, inbox, r, &answered)
	if status/100 != 2 {
		tb.Errorf("an authentic request was answered %d; answer 2xx once the fact is put", status)
	}
	facts := inbox.Facts()
	if len(facts) != 1 {
		tb.Errorf("an authentic request for one fact had put %d facts when it was answered; put it, all of it once, and answer after", len(facts))
		return alerting.Inbound{}, false
	}
	if facts[0].Channel != h.Kind.Name {
		tb.Errorf("the fact's Channel is %q, not %q", facts[0].Channel, h.Kind.Name)
	}
	if facts[0].At.IsZero() {
		tb.Errorf("the fact's At is unset; say when it came")
	}
	return facts[0], true
}

func sameReplySameID(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Reply != nil, "Reply hook")
	first := f.Reply(h.Valid, replyText)
	body, err := io.ReadAll(first.Body)
	if err != nil {
		tb.Fatalf("the harness's Reply has a body that can't be read: %v", err)
	}
	inbox := new(Inbox)
	for range 2 {
		post(tb, f, inbox, withBody(first, body), nil)
	}
	facts := inbox.Facts()
	if len(facts) == 2 && facts[0].ID != facts[1].ID {
		tb.Errorf("the same reply posted twice has the IDs %q and %q; take the provider's id, so that it counts once", facts[0].ID, facts[1].ID)
	}
}

func failingInboxIsNotAnsweredWithSuccess(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Reply != nil, "Reply hook")
	inbox := new(Inbox)
	inbox.FailWith(errors.New("the engine is away"))
	status := post(tb, f, inbox, f.Reply(h.Valid, replyText), nil)
	if status/100 != 5 && (f.RetryStatus == 0 || status != f.RetryStatus) {
		tb.Errorf("Put failed and the provider was answered %d; answer 5xx (or the status that makes it post again), or the fact is lost", status)
	}
}

func forgedIsRefused(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Forged != nil, "Forged hook")
	inbox := new(Inbox)
	if status := post(tb, f, inbox, f.Forged(), nil); status/100 != 4 {
		tb.Errorf("a forged request was answered %d; refuse it with a 4xx", status)
	}
	if facts := inbox.notRefused(); len(facts) > 0 {
		tb.Errorf("a forged request was put as %q; anybody could acknowledge for others, put it as refused or not at all", facts[0].Kind)
	}
	if n := len(inbox.Facts()); n > 1 {
		tb.Errorf("one forged request put %d facts; one at most", n)
	}
}

func junkRequestPutsNothing(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Reply != nil, "Reply hook")
	for i, body := range junkBodies() {
		inbox := new(Inbox)
		post(tb, f, inbox, withBody(f.Reply(h.Valid, replyText), body), nil)
		if facts := inbox.notRefused(); len(facts) > 0 {
			tb.Errorf("junk body %d (%.40q) was put as %q; put only what the provider can have sent", i, body, facts[0].Kind)
		}
	}
}

// junkBodies are what no provider sends: by hand, and at random from a fixed seed.
func junkBodies() [][]byte {
	bodies := [][]byte{
		nil, []byte("null"), []byte("[]"), []byte("{}"), []byte("\""), []byte("a=%zz&a"), []byte("0"),
		[]byte(strings.Repeat("[", 20000)), bytes.Repeat([]byte("x"), 1<<20), {0xff, 0xfe, 0x00},
	}
	random := rand.New(rand.NewPCG(1775, 418))
	for range 64 {
		body := make([]byte, random.IntN(200))
		for i := range body {
			body[i] = byte(random.UintN(256))
		}
		bodies = append(bodies, body)
	}
	return bodies
}

func withBody(r *http.Request, body []byte) *http.Request {
	clone := r.Clone(r.Context())
	clone.Body = io.NopCloser(bytes.NewReader(body))
	clone.ContentLength = int64(len(body))
	return clone
}

// post serves one request with the channel's routes and returns the status. answered, where given,
// becomes true as soon as anything is written back.
func post(tb testing.TB, f *Fixture, inbox channels.Inbox, r *http.Request, answered *atomic.Bool) int {
	tb.Helper()
	receiver, ok := f.Channel.(channels.Receiver)
	if !ok {
		tb.Fatalf("the harness posts to the channel, which is no channels.Receiver; add Routes")
	}
	mux := http.NewServeMux()
	for _, route := range receiver.Routes(inbox) {
		mux.Handle(route.Pattern, route.Handler)
	}
	w := &watchedWriter{ResponseRecorder: httptest.NewRecorder(), answered: answered}
	if panicked := servePanics(mux, w, r); panicked != "" {
		tb.Errorf("the handler of %s panicked; anybody could post that: %s", r.Method, panicked)
	}
	return w.Code
}

func servePanics(h http.Handler, w http.ResponseWriter, r *http.Request) (panicked string) {
	defer func() {
		if p := recover(); p != nil {
			panicked = fmt.Sprint(p)
		}
	}()
	h.ServeHTTP(w, r)
	return ""
}

type watchedWriter struct {
	*httptest.ResponseRecorder
	answered *atomic.Bool
}

func (w *watchedWriter) WriteHeader(status int) {
	if w.answered != nil {
		w.answered.Store(true)
	}
	w.ResponseRecorder.WriteHeader(status)
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	if w.answered != nil {
		w.answered.Store(true)
	}
	return w.ResponseRecorder.Write(p)
}

func listenerStops(tb testing.TB, h Harness) {
	f := h.Open(tb)
	listener, ok := f.Channel.(channels.Listener)
	need(tb, ok, "channel that is a Listener")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- listener.Listen(ctx, new(Inbox)) }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			tb.Errorf("Listen returned %v when its context was done; that is how it is stopped, so return nil", err)
		}
	case <-time.After(grace):
		tb.Errorf("Listen still ran %s after its context was done; stop, or the process can't", grace)
	}
}
