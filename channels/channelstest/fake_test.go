package channelstest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"revere/alerting"
	"revere/channels"
)

const fakeToken = "s3cret-token"

// fake is the smallest channel that keeps every promise. Its provider is in memory; the fields that
// are functions let a test plant one defect each.
type fake struct {
	mu       sync.Mutex
	mode     string
	wait     time.Duration
	taken    []alerting.Message
	outcome  func(alerting.Outcome) alerting.Outcome // what Send makes of its honest outcome
	take     func(mode string) int                   // how many messages the provider takes
	limits   channels.Limits
	cost     int
	name     string
	findings func([]channels.Finding) []channels.Finding
	find     func(out alerting.Outcome, found bool, err error) (alerting.Outcome, bool, error)
	inquire  func(facts []alerting.Inbound, err error) ([]alerting.Inbound, error)
	handle   func(w http.ResponseWriter, r *http.Request, inbox channels.Inbox)
	listen   func(context.Context) error
	parse    func(string) (string, error)
	on       bool
}

func newFake() *fake {
	f := &fake{
		outcome:  func(out alerting.Outcome) alerting.Outcome { return out },
		limits:   channels.Limits{Rate: 10, Concurrency: 4, ReconcileAfter: time.Second},
		cost:     1,
		name:     "fake",
		findings: func(all []channels.Finding) []channels.Finding { return all },
		find: func(out alerting.Outcome, found bool, err error) (alerting.Outcome, bool, error) {
			return out, found, err
		},
		inquire: func(facts []alerting.Inbound, err error) ([]alerting.Inbound, error) { return facts, err },
		handle:  receive,
		parse:   parseFake,
		listen:  func(ctx context.Context) error { <-ctx.Done(); return nil },
	}
	f.take = func(mode string) int {
		if mode == "" || mode == "cut after" {
			return 1
		}
		return 0
	}
	return f
}

// parseFake knows one address of any person: "fake:" and digits.
func parseFake(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	digits, ok := strings.CutPrefix(s, "fake:")
	if _, err := strconv.ParseUint(digits, 10, 32); !ok || err != nil {
		return "", errors.New("an address is \"fake:\" and digits")
	}
	return s, nil
}

func (f *fake) harness() Harness {
	return Harness{
		Kind: channels.Kind{
			Name:         f.name,
			Defaults:     func() channels.Config { return fakeConfig(f.on) },
			ParseAddress: f.parse,
		},
		Valid: "fake:1", Spellings: []string{"FAKE:1"}, Invalid: "fake:one", Secrets: []string{fakeToken},
		Open: func(testing.TB) *Fixture { return f.fixture() },
	}
}

// fixture starts afresh, since a fake is opened once a case.
func (f *fake) fixture() *Fixture {
	f.mode, f.taken = "", nil
	set := func(mode string) func() { return func() { f.mode = mode } }
	return &Fixture{
		Channel: f,
		Taken: func(address string) int {
			f.mu.Lock()
			defer f.mu.Unlock()
			n := 0
			for _, m := range f.taken {
				if m.To == address {
					n++
				}
			}
			return n
		},
		Refuse: set("refuse"), FailTemporarily: set("temporary"), Hang: set("hang"), CutBefore: set("cut before"),
		CutAfter: set("cut after"), Down: set("down"), WrongCredentials: set("credentials"),
		RateLimit: func(wait time.Duration) { f.mode, f.wait = "rate", wait },
		Reply:     func(from, text string) *http.Request { return fakePost(fakeToken, "reply", from, text) },
		Receipt:   func(id string) *http.Request { return fakePost(fakeToken, "receipt", "", id) },
		Forged:    func() *http.Request { return fakePost("guess", "reply", "fake:1", "ACK K7Q") },
	}
}

type fakeConfig bool

func (c fakeConfig) On() bool                     { return bool(c) }
func (fakeConfig) Validate(func(key, why string)) {}

func (f *fake) Name() string                                       { return "fake" }
func (f *fake) Format() alerting.Format                            { return alerting.Short }
func (f *fake) Limits() channels.Limits                            { return f.limits }
func (f *fake) Cost(m alerting.Message) int                        { return f.cost }
func (f *fake) Listen(ctx context.Context, _ channels.Inbox) error { return f.listen(ctx) }

func (f *fake) Send(ctx context.Context, m alerting.Message) alerting.Outcome {
	if ctx.Err() != nil {
		return f.outcome(alerting.Outcome{State: alerting.Failed, Retry: true, Code: "canceled", Reason: "not called"})
	}
	f.mu.Lock()
	mode, wait := f.mode, f.wait
	for range f.take(mode) {
		f.taken = append(f.taken, m)
	}
	id := strconv.Itoa(len(f.taken))
	f.mu.Unlock()
	switch mode {
	case "":
		return f.outcome(alerting.Outcome{State: alerting.Accepted, ProviderID: id})
	case "refuse":
		return f.outcome(alerting.Outcome{State: alerting.Failed, Code: mode, Reason: "no such address"})
	case "rate":
		return f.outcome(alerting.Outcome{State: alerting.Failed, Retry: true, RetryAfter: wait, Code: mode, Reason: "slow down"})
	case "credentials":
		return f.outcome(alerting.Outcome{State: alerting.Failed, Retry: true, PauseChannel: time.Minute, Code: mode, Reason: "wrong token"})
	case "hang":
		<-ctx.Done()
		return f.outcome(alerting.Outcome{State: alerting.Unknown, Reason: "no answer"})
	case "cut before", "cut after":
		return f.outcome(alerting.Outcome{State: alerting.Unknown, Reason: "connection lost"})
	default:
		return f.outcome(alerting.Outcome{State: alerting.Failed, Retry: true, Code: mode, Reason: "try later"})
	}
}

func (f *fake) Check(context.Context) []channels.Finding {
	good := f.mode != "credentials" && f.mode != "down"
	return f.findings([]channels.Finding{{OK: good, Detail: "the provider was asked"}})
}

func (f *fake) Reconcile(_ context.Context, m alerting.Message, _ time.Time) (alerting.Outcome, bool, error) {
	if f.mode == "down" {
		return f.find(alerting.Outcome{}, false, errors.New("the provider is down"))
	}
	for _, taken := range f.taken {
		if taken.To == m.To && taken.Code == m.Code {
			return f.find(alerting.Outcome{State: alerting.Accepted}, true, nil)
		}
	}
	return f.find(alerting.Outcome{}, false, nil)
}

func (f *fake) Inquire(_ context.Context, x alerting.Silence) ([]alerting.Inbound, error) {
	n, err := strconv.Atoi(x.ProviderID)
	switch {
	case f.mode == "down":
		return f.inquire(nil, errors.New("the provider is down"))
	case err != nil || n < 1 || n > len(f.taken):
		return f.inquire(nil, alerting.Errorf(alerting.CodeNotFound, "no such message"))
	}
	return f.inquire([]alerting.Inbound{{
		Channel: "fake", Kind: alerting.InboundReceipt, At: time.Unix(1, 0), Ref: x.Ref.String(), About: []string{x.ProviderID}, State: alerting.Sent, ID: x.ProviderID + "-sent",
	}}, nil)
}

func (f *fake) Routes(inbox channels.Inbox) []channels.Route {
	return []channels.Route{{Pattern: "POST /webhooks/fake", Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { f.handle(w, r, inbox) })}}
}

type fakeBody struct{ Kind, From, Text, ID string }

func fakePost(token, kind, from, text string) *http.Request {
	body, err := json.Marshal(fakeBody{Kind: kind, From: from, Text: text, ID: "in-1"})
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/webhooks/fake", strings.NewReader(string(body)))
	r.Header.Set("X-Token", token)
	return r
}

func receive(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
	if r.Header.Get("X-Token") != fakeToken {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	fact, ok := readFake(r)
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if err := inbox.Put(r.Context(), fact); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func readFake(r *http.Request) (alerting.Inbound, bool) {
	var body fakeBody
	raw, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(raw, &body) != nil || body.ID == "" {
		return alerting.Inbound{}, false
	}
	fact := alerting.Inbound{Channel: "fake", At: time.Unix(1, 0), From: body.From, ID: body.ID}
	if body.Kind == "receipt" {
		fact.Kind, fact.State, fact.About = alerting.InboundReceipt, alerting.Delivered, []string{body.Text}
	} else {
		fact.Kind, fact.Text = alerting.InboundReply, body.Text
	}
	return fact, true
}
