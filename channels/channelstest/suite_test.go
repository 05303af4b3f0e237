package channelstest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// A channel that keeps every promise passes every case.
func TestCorrectChannelPasses(t *testing.T) {
	Run(t, newFake().harness())
}

func always(out alerting.Outcome) func(alerting.Outcome) alerting.Outcome {
	return func(alerting.Outcome) alerting.Outcome { return out }
}

// in changes the outcome where it says state, and leaves the others honest.
func in(state alerting.State, change func(*alerting.Outcome)) func(alerting.Outcome) alerting.Outcome {
	return func(out alerting.Outcome) alerting.Outcome {
		if out.State == state {
			change(&out)
		}
		return out
	}
}

func become(state alerting.State) func(*alerting.Outcome) {
	return func(out *alerting.Outcome) { out.State, out.Retry = state, false }
}

// Each planted defect fails the case that is about it, with a sentence that says what to mend.
func TestDefectiveChannelFails(t *testing.T) {
	retrying := func(out *alerting.Outcome) { out.Retry = true }
	final := func(out *alerting.Outcome) { out.Retry = false }
	answer := func(status int) func(http.ResponseWriter, *http.Request, channels.Inbox) {
		return func(w http.ResponseWriter, _ *http.Request, _ channels.Inbox) { w.WriteHeader(status) }
	}
	for _, d := range []struct {
		fails string // the case
		says  string // part of its sentence
		plant func(*fake)
	}{
		{"kind is sane", "is not 2 to 16 lower-case letters", func(f *fake) { f.name = "Fake.1" }},
		{"kind is sane", "one that nobody configured must be off", func(f *fake) { f.on = true }},
		{"limits are sane", "Rate is 0", func(f *fake) { f.limits.Rate = 0 }},
		{"limits are sane", "Concurrency is 0", func(f *fake) { f.limits.Concurrency = 0 }},
		{"limits are sane", "ReconcileAfter is 0s", func(f *fake) { f.limits.ReconcileAfter = 0 }},
		{"cost is at least one", "must be at least 1", func(f *fake) { f.cost = 0 }},
		{"address is parsed to one form", "one address must have one form", func(f *fake) {
			f.parse = func(s string) (string, error) { return s, nil }
		}},
		{"address is parsed to one form", "it names the valid address", func(f *fake) {
			f.parse = func(string) (string, error) { return "", errors.New("no") }
		}},
		{"junk address is refused", "refuse what is no address", func(f *fake) {
			f.parse = func(s string) (string, error) { return s, nil }
		}},
		{"junk address is refused", "refused without a word", func(f *fake) {
			f.parse = func(string) (string, error) { return "", errors.New("") }
		}},

		{"accepted message is accepted", "delivered and read need the provider's receipt", func(f *fake) { f.outcome = in(alerting.Accepted, become(alerting.Delivered)) }},
		{"accepted message is accepted", "although the provider took nothing", func(f *fake) { f.take = func(string) int { return 0 } }},
		{"accepted message is accepted", "Send makes one attempt", func(f *fake) { f.take = func(string) int { return 2 } }},
		{"accepted message is accepted", "Retry beside accepted", func(f *fake) { f.outcome = in(alerting.Accepted, retrying) }},
		{"accepted message is accepted", "OptedOut beside accepted", func(f *fake) {
			f.outcome = in(alerting.Accepted, func(out *alerting.Outcome) { out.OptedOut = true })
		}},
		{"accepted message is accepted", "Send panicked", func(f *fake) { f.outcome = func(alerting.Outcome) alerting.Outcome { panic("nil map") } }},
		{"permanent refusal fails for good", "leave Retry unset", func(f *fake) { f.outcome = in(alerting.Failed, retrying) }},
		{"permanent refusal fails for good", "pause only where every message", func(f *fake) {
			f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.PauseChannel = time.Minute })
		}},
		{"permanent refusal fails for good", "no Code", func(f *fake) { f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.Code = "" }) }},
		{"permanent refusal fails for good", "no Reason", func(f *fake) { f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.Reason = "" }) }},
		{"permanent refusal fails for good", "secret", func(f *fake) {
			f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.Reason = "POST /hook/" + fakeToken })
		}},
		{"permanent refusal fails for good", "alert's text", func(f *fake) {
			f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.Reason = "bad: " + marker })
		}},
		{"temporary failure is retried", "or the message is lost", func(f *fake) { f.outcome = in(alerting.Failed, final) }},
		{"rate limit is waited for", "pass on at least what was asked", func(f *fake) {
			f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.RetryAfter = time.Second })
		}},
		{"rate limit is waited for", "negative wait", func(f *fake) {
			f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.RetryAfter = -1 })
		}},
		{"hanging provider is unknown", "it may have the message", func(f *fake) { f.outcome = in(alerting.Unknown, become(alerting.Failed)) }},
		{"cut before acceptance is not accepted", "took nothing", func(f *fake) { f.outcome = in(alerting.Unknown, become(alerting.Accepted)) }},
		{"cut before acceptance is not accepted", "failed for good", func(f *fake) { f.outcome = in(alerting.Unknown, become(alerting.Failed)) }},
		{"cut after acceptance is unknown", "nobody knows", func(f *fake) { f.outcome = in(alerting.Unknown, become(alerting.Failed)) }},
		{"provider that is down is retried", "surely was not taken", func(f *fake) { f.outcome = in(alerting.Failed, become(alerting.Unknown)) }},
		{"wrong credentials pause the channel", "so pause the channel", func(f *fake) {
			f.outcome = in(alerting.Failed, func(out *alerting.Outcome) { out.PauseChannel = 0 })
		}},
		{"canceled context makes no call", "nothing is wrong with the address", func(f *fake) { f.outcome = in(alerting.Failed, final) }},
		{"concurrent sends are safe", "so each must be accepted", func(f *fake) { f.outcome = always(alerting.Outcome{State: alerting.Unknown}) }},
		{"concurrent sends are safe", "same ProviderID", func(f *fake) { f.outcome = in(alerting.Accepted, func(out *alerting.Outcome) { out.ProviderID = "1" }) }},

		{"check sends nothing and tells", "found nothing to say", func(f *fake) { f.findings = func([]channels.Finding) []channels.Finding { return nil } }},
		{"check sends nothing and tells", "mask it", func(f *fake) {
			f.findings = func([]channels.Finding) []channels.Finding { return []channels.Finding{{Detail: "token " + fakeToken}} }
		}},
		{"check finds wrong credentials", "with the configured credentials", func(f *fake) { f.findings = fine }},
		{"check finds provider that is down", "can't be reached", func(f *fake) { f.findings = fine }},

		{"reconcile finds what was taken", "a second time", func(f *fake) { f.find = found(false) }},
		{"reconcile does not find what was not taken", "match the alert's code", func(f *fake) { f.find = found(true) }},
		{"reconcile says when it can't ask", "not knowing is not the same", func(f *fake) { f.find = found(false) }},

		{"inquiry tells what a receipt would", "could not ask", func(f *fake) {
			f.inquire = func([]alerting.Inbound, error) ([]alerting.Inbound, error) { return nil, errors.New("no") }
		}},
		{"inquiry tells what a receipt would", "no receipt", func(f *fake) { f.inquire = tells() }},
		{"inquiry tells what a receipt would", "another attempt", func(f *fake) { f.inquire = tells(alerting.Inbound{Kind: alerting.InboundReceipt, ID: "1"}) }},
		{"inquiry tells what a receipt would", "counts once", func(f *fake) {
			asked := 0
			f.inquire = func(facts []alerting.Inbound, err error) ([]alerting.Inbound, error) {
				asked++
				for i := range facts {
					facts[i].ID += strconv.Itoa(asked)
				}
				return facts, err
			}
		}},
		{"inquiry knows no message that was not taken", "alerting.CodeNotFound", func(f *fake) { f.inquire = tells() }},
		{"inquiry says when it can't ask", "not knowing is not the same", func(f *fake) { f.inquire = tells() }},
		{"inquiry says when it can't ask", "does not know the message", func(f *fake) {
			f.inquire = func([]alerting.Inbound, error) ([]alerting.Inbound, error) {
				return nil, alerting.Errorf(alerting.CodeNotFound, "gone")
			}
		}},

		{"reply is put before it is answered", "was answered 500", func(f *fake) { f.handle = answer(500) }},
		{"reply is put before it is answered", "had put 0 facts", func(f *fake) { f.handle = answer(200) }},
		{"reply is put before it is answered", "before Put returned", func(f *fake) {
			f.handle = func(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
				w.WriteHeader(http.StatusOK)
				receive(w, r, inbox)
			}
		}},
		{"reply is put before it is answered", "counts for nobody", func(f *fake) { f.handle = put(alerting.Inbound{Kind: alerting.InboundReply, From: "1"}) }},
		{"receipt is put before it is answered", "which message it is about", func(f *fake) { f.handle = put(alerting.Inbound{Kind: alerting.InboundReceipt}) }},
		{"the same reply twice has the same id", "so that it counts once", func(f *fake) {
			posts := 0
			f.handle = func(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
				posts++
				put(alerting.Inbound{Kind: alerting.InboundReply, ID: strconv.Itoa(posts)})(w, r, inbox)
			}
		}},
		{"failing inbox makes the provider retry", "or the fact is lost", func(f *fake) { f.handle = answer(200) }},
		{"forged request is refused", "acknowledge for others", func(f *fake) {
			f.handle = func(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
				r.Header.Set("X-Token", fakeToken)
				receive(w, r, inbox)
			}
		}},
		{"junk request puts nothing", "was put as \"reply\"", func(f *fake) { f.handle = put(alerting.Inbound{Kind: alerting.InboundReply}) }},
		{"junk request puts nothing", "panicked", func(f *fake) {
			f.handle = func(http.ResponseWriter, *http.Request, channels.Inbox) { panic("index out of range") }
		}},
		{"listener stops when told", "so return nil", func(f *fake) {
			f.listen = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		}},
	} {
		t.Run(d.fails+": "+d.says, func(t *testing.T) {
			f := newFake()
			d.plant(f)
			said, _ := watch(t, d.fails, f.harness())
			require.Contains(t, said, d.says, "the case must fail on this defect, and say what to mend")
		})
	}
}

// A case whose knob is missing is skipped; it neither passes nor fails.
func TestMissingKnobSkips(t *testing.T) {
	h := newFake().harness()
	open := h.Open
	h.Open = func(tb testing.TB) *Fixture {
		f := open(tb)
		f.Hang, f.Reply = nil, nil
		return f
	}
	for _, name := range []string{"hanging provider is unknown", "reply is put before it is answered"} {
		said, skipped := watch(t, name, h)
		require.True(t, skipped, "%s ran without what it needs", name)
		require.Empty(t, said)
	}
}

func TestInboxKeepsNothingWhenItFails(t *testing.T) {
	inbox, away := new(Inbox), errors.New("away")
	inbox.FailWith(away)
	require.ErrorIs(t, inbox.Put(t.Context(), alerting.Inbound{ID: "1"}), away)
	require.Empty(t, inbox.Facts())
	inbox.FailWith(nil)
	require.NoError(t, inbox.Put(t.Context(), alerting.Inbound{ID: "2"}, alerting.Inbound{ID: "3"}))
	require.Len(t, inbox.Facts(), 2)
}

func fine([]channels.Finding) []channels.Finding {
	return []channels.Finding{{OK: true, Detail: "all is well"}}
}

func found(is bool) func(alerting.Outcome, bool, error) (alerting.Outcome, bool, error) {
	return func(alerting.Outcome, bool, error) (alerting.Outcome, bool, error) {
		return alerting.Outcome{State: alerting.Accepted}, is, nil
	}
}

// tells answers every inquiry with the same facts.
func tells(facts ...alerting.Inbound) func([]alerting.Inbound, error) ([]alerting.Inbound, error) {
	return func([]alerting.Inbound, error) ([]alerting.Inbound, error) { return facts, nil }
}

// put answers every request by putting the same fact.
func put(fact alerting.Inbound) func(http.ResponseWriter, *http.Request, channels.Inbox) {
	fact.Channel, fact.At = "fake", time.Unix(1, 0)
	return func(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
		if inbox.Put(r.Context(), fact) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}
