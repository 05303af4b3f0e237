package signal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/channels/channelstest"
	"revere/channels/signal"
	"revere/integration/signalsim"
)

// receive runs the whole way: the bridge posts over HTTP what happens, to the channel's own routes.
func receive(t *testing.T, happens func(*signalsim.Server) (int, error)) []alerting.Inbound {
	t.Helper()
	sim, inbox := startSim(t), new(channelstest.Inbox)
	door := httptest.NewServer(serve(open(t, sim.URL()), inbox))
	defer door.Close()
	sim.SetWebhook(door.URL + "/webhooks/signal/" + token)
	status, err := happens(sim)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "only 200 and 201 count for the bridge")
	return inbox.Facts()
}

func TestWhatPeopleDoOnSignal(t *testing.T) {
	const about = int64(1762153920123)
	fact := func(kind alerting.InboundKind, text string, about ...string) alerting.Inbound {
		return alerting.Inbound{Kind: kind, From: clerk, Text: text, About: about}
	}
	receipt := func(state alerting.State, about ...string) alerting.Inbound {
		fact := alerting.Inbound{Kind: alerting.InboundReceipt, From: clerk, State: state, About: about}
		if len(about) == 1 {
			fact.SentAt = time.Date(2025, 11, 3, 7, 12, 0, 123_000_000, time.UTC)
		}
		return fact
	}
	data := func(message map[string]any) func(*signalsim.Server) (int, error) {
		return func(s *signalsim.Server) (int, error) { return s.Data(clerk, message) }
	}
	for name, c := range map[string]struct {
		happens func(*signalsim.Server) (int, error)
		want    alerting.Inbound
	}{
		"reply":   {func(s *signalsim.Server) (int, error) { return s.Reply(clerk, "ack k7q") }, fact(alerting.InboundReply, "ack k7q")},
		"quote":   {func(s *signalsim.Server) (int, error) { return s.Quote(clerk, "ok", about) }, fact(alerting.InboundQuote, "ok", "1762153920123")},
		"react":   {func(s *signalsim.Server) (int, error) { return s.React(clerk, "👍", about) }, fact(alerting.InboundReaction, "👍", "1762153920123")},
		"unreact": {func(s *signalsim.Server) (int, error) { return s.Unreact(clerk, "👍", about) }, fact(alerting.InboundUnreact, "👍", "1762153920123")},
		"delivered": {func(s *signalsim.Server) (int, error) { return s.Receipt(clerk, signalsim.Delivery, about, about+1) },
			receipt(alerting.Delivered, "1762153920123", "1762153920124")},
		"read": {func(s *signalsim.Server) (int, error) { return s.Receipt(clerk, signalsim.Read, about) }, receipt(alerting.Read, "1762153920123")},
		"mended reply": {func(s *signalsim.Server) (int, error) {
			e := s.Envelope(clerk)
			e["editMessage"] = map[string]any{"targetSentTimestamp": about, "dataMessage": map[string]any{"message": "ACK K7Q"}}
			return s.Post(e)
		}, fact(alerting.InboundReply, "ACK K7Q")},
		"quote of their own words": {data(map[string]any{"message": "ACK K7Q", "quote": map[string]any{"id": about, "author": clerk}}),
			fact(alerting.InboundReply, "ACK K7Q")},
		"quote of an author without a number": {data(map[string]any{"message": "ok", "quote": map[string]any{"id": about, "author": hidden}}),
			fact(alerting.InboundQuote, "ok", "1762153920123")},
		"voice note": {data(map[string]any{"message": nil, "attachments": []any{map[string]any{"contentType": "audio/aac"}}}),
			fact(alerting.InboundReply, "")},
		"stop":          {func(s *signalsim.Server) (int, error) { return s.Reply(clerk, " Stop ") }, fact(alerting.InboundOptOut, " Stop ")},
		"stop, quoting": {func(s *signalsim.Server) (int, error) { return s.Quote(clerk, "STOP", about) }, fact(alerting.InboundOptOut, "STOP", "1762153920123")},
		"start":         {func(s *signalsim.Server) (int, error) { return s.Reply(clerk, "unstop") }, fact(alerting.InboundOptIn, "unstop")},
		"help":          {func(s *signalsim.Server) (int, error) { return s.Reply(clerk, "Info") }, fact(alerting.InboundAskedHelp, "Info")},
		"stop among words": {func(s *signalsim.Server) (int, error) { return s.Reply(clerk, "stop the press") },
			fact(alerting.InboundReply, "stop the press")},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now().UTC().Truncate(time.Millisecond)
			facts := receive(t, c.happens)
			require.Len(t, facts, 1)
			got := facts[0]
			require.Equal(t, "signal", got.Channel)
			require.False(t, got.At.Before(before), "At is when it came to us")
			require.True(t, strings.HasPrefix(got.ID, clerk+"/"), "the id names sender and time, got %q", got.ID)
			got.Channel, got.At, got.ID = "", time.Time{}, ""
			require.Equal(t, c.want, got)
		})
	}
}

// Who hides their number is named by their account's UUID.
func TestSenderWithoutNumber(t *testing.T) {
	facts := receive(t, func(s *signalsim.Server) (int, error) { return s.Reply(hidden, "ACK K7Q") })
	require.Len(t, facts, 1)
	require.Equal(t, hidden, facts[0].From)
}

func TestEnvelopesThatTellNothing(t *testing.T) {
	const about = int64(1762153920123)
	with := func(key string, value any) func(*signalsim.Server) (int, error) {
		return func(s *signalsim.Server) (int, error) {
			e := s.Envelope(clerk)
			e[key] = value
			return s.Post(e)
		}
	}
	group := map[string]any{"groupId": "aGVsbG8=", "type": "DELIVER"}
	for name, happens := range map[string]func(*signalsim.Server) (int, error){
		"typing":                   with("typingMessage", map[string]any{"action": "STARTED"}),
		"call":                     with("callMessage", map[string]any{}),
		"sync":                     with("syncMessage", map[string]any{"sentMessage": map[string]any{"message": "ACK K7Q"}}),
		"group message":            with("dataMessage", map[string]any{"message": "STOP", "groupInfo": group}),
		"group reaction":           with("dataMessage", map[string]any{"groupInfo": group, "reaction": map[string]any{"emoji": "👍", "targetSentTimestamp": about}}),
		"profile change":           with("dataMessage", map[string]any{"message": nil}),
		"white space":              with("dataMessage", map[string]any{"message": " \n"}),
		"reaction to own words":    with("dataMessage", map[string]any{"reaction": map[string]any{"emoji": "👍", "targetAuthorNumber": clerk, "targetSentTimestamp": about}}),
		"receipt of nothing":       with("receiptMessage", map[string]any{"isDelivery": true, "timestamps": []int64{}}),
		"receipt of no known kind": with("receiptMessage", map[string]any{"timestamps": []int64{about}}),
		"our own other device":     func(s *signalsim.Server) (int, error) { return s.Reply(desk, "ACK K7Q") },
	} {
		t.Run(name, func(t *testing.T) { require.Empty(t, receive(t, happens)) })
	}
}

// A bridge may hold other accounts; what people tell those is none of ours.
func TestMessageForAnotherAccountIsIgnored(t *testing.T) {
	status, facts := deliver(t, token, `{"method":"receive","params":{"account":"+16175550199","envelope":{"sourceNumber":"+16175550123","timestamp":1,"dataMessage":{"message":"STOP"}}}}`)
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, facts)
}

func TestEnvelopeFormsOfOtherVersions(t *testing.T) {
	const inner = `"envelope":{"source":"+16175550123","timestamp":7,"sourceDevice":"odd","dataMessage":{"message":"ACK K7Q"}}`
	for name, body := range map[string]string{
		"params alone":        `{"account":"+16175550100",` + inner + `}`,
		"without an account":  `{"params":{` + inner + `}}`,
		"a field of new type": `{"params":{"account":7,` + inner + `}}`,
	} {
		t.Run(name, func(t *testing.T) {
			status, facts := deliver(t, token, body)
			require.Equal(t, http.StatusOK, status)
			require.Len(t, facts, 1)
			require.Equal(t, clerk+"/7", facts[0].ID)
		})
	}
}

func deliver(t testing.TB, token, body string) (int, []alerting.Inbound) {
	t.Helper()
	inbox, w := new(channelstest.Inbox), httptest.NewRecorder()
	serve(open(t, "http://127.0.0.1:1"), inbox).ServeHTTP(w, webhook(token, body))
	return w.Code, inbox.Facts()
}

func TestWebhookRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		token, body string
		status      int
		recorded    bool
	}{
		"wrong token":   {"a-token-that-somebody-guesses", `{}`, http.StatusForbidden, true},
		"token's start": {token[:8], `{}`, http.StatusForbidden, true},
		"no JSON":       {token, `ACK K7Q`, http.StatusBadRequest, false},
		"too large":     {token, `{"x":"` + strings.Repeat("x", 256<<10) + `"}`, http.StatusRequestEntityTooLarge, false},
	} {
		t.Run(name, func(t *testing.T) {
			status, facts := deliver(t, c.token, c.body)
			require.Equal(t, c.status, status)
			if !c.recorded {
				require.Empty(t, facts)
				return
			}
			require.Len(t, facts, 1)
			require.Equal(t, alerting.InboundRefused, facts[0].Kind)
			require.Contains(t, facts[0].Reason, "192.0.2.1", "the desk sees where it came from")
			require.NotContains(t, facts[0].Reason, c.token)
		})
	}
}

// Somebody who guesses tokens gets 403 each time, and fills ten records a second at most.
func TestGuessingDoesNotFillTheLedger(t *testing.T) {
	inbox := new(channelstest.Inbox)
	mux := serve(open(t, "http://127.0.0.1:1"), inbox)
	start := time.Now()
	for range 200 {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, webhook("guess", "{}"))
		require.Equal(t, http.StatusForbidden, w.Code)
	}
	most := 10 + int(10*time.Since(start).Seconds()) + 1
	require.NotEmpty(t, inbox.Facts())
	require.LessOrEqual(t, len(inbox.Facts()), most)
}

// What people wrote, and the token, stay out of the log even when storing fails.
func TestFailingInboxIsLoggedWithoutSecrets(t *testing.T) {
	var log bytes.Buffer
	config := &signal.Config{URL: "http://127.0.0.1:1", Number: desk, WebhookToken: token, Rate: 1}
	c, err := signal.Kind.Open(config, channels.Environment{Log: zerolog.New(&log)})
	require.NoError(t, err)
	inbox := new(channelstest.Inbox)
	inbox.FailWith(errors.New("the engine is away"))
	w := httptest.NewRecorder()
	serve(c, inbox).ServeHTTP(w, webhook(token, `{"params":{"envelope":{"source":"+16175550123","timestamp":7,"dataMessage":{"message":"ACK K7Q"}}}}`))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, log.String(), "the engine is away")
	require.NotContains(t, log.String()+w.Body.String(), token)
	require.NotContains(t, log.String()+w.Body.String(), "K7Q")
}

// The bridge hanging up must not undo what a person said.
func TestFactOutlivesItsRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	inbox, w := new(contextInbox), httptest.NewRecorder()
	r := webhook(token, `{"params":{"envelope":{"source":"+16175550123","timestamp":7,"dataMessage":{"message":"ACK K7Q"}}}}`)
	serve(open(t, "http://127.0.0.1:1"), inbox).ServeHTTP(w, r.WithContext(ctx))
	require.Equal(t, http.StatusOK, w.Code)
}

// contextInbox fails as the engine does when its context is over.
type contextInbox struct{}

func (*contextInbox) Put(ctx context.Context, _ ...alerting.Inbound) error { return ctx.Err() }

func FuzzWebhook(f *testing.F) {
	f.Add(`{"params":{"envelope":{"source":"+16175550123","timestamp":7,"dataMessage":{"message":"ACK K7Q","quote":{"id":1,"author":"x"}}}}}`)
	f.Add(`{"params":{"envelope":{"source":"u","receiptMessage":{"isRead":true,"timestamps":[1,-1]}}}}`)
	f.Add(`{"params":{"envelope":{"source":"u","dataMessage":{"reaction":{"emoji":"👍","targetSentTimestamp":1,"isRemove":true}}}}}`)
	f.Add(`{"params":null,"envelope":{"editMessage":{}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		status, facts := deliver(t, token, body)
		require.Contains(t, []int{200, 400, 413}, status)
		require.LessOrEqual(t, len(facts), 1)
		for _, fact := range facts {
			require.Equal(t, 200, status)
			require.NotEmpty(t, fact.From)
			require.NotEmpty(t, fact.ID)
			require.NotEqual(t, desk, fact.From, fmt.Sprintf("our own words came in as %s", fact.Kind))
			if fact.Kind == alerting.InboundReceipt {
				require.True(t, fact.State.Arrived())
				require.NotEmpty(t, fact.About)
			}
		}
	})
}
