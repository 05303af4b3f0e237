package replies_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/replies"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

func receipt(channel string, s alerting.State) alerting.Inbound {
	return alerting.Inbound{Channel: channel, Kind: alerting.InboundReceipt, At: at, State: s}
}

func TestReceiptsRaiseTheStateOfTheirDelivery(t *testing.T) {
	ref := alerting.Ref{Alert: "a1", Delivery: alerting.NewDeliveryID("a1", "sms", clerkPhone), Attempt: 1}
	nowhere := ref
	nowhere.Alert = "a99"
	with := func(f alerting.Inbound, ref string, from string, about ...string) alerting.Inbound {
		f.Ref, f.From, f.About = ref, from, about
		return f
	}
	tests := map[string]struct {
		fact    alerting.Inbound
		outcome string
		want    alerting.State
	}{
		"by ref":                   {with(receipt("sms", alerting.Delivered), ref.String(), "", "SM1"), "taken", alerting.Delivered},
		"by what it is about":      {with(receipt("sms", alerting.Read), "", clerkPhone, "other", "a1 sms "+clerkPhone), "taken", alerting.Read},
		"undelivered":              {with(receipt("sms", alerting.Undelivered), ref.String(), ""), "taken", alerting.Undelivered},
		"about another message":    {with(receipt("sms", alerting.Read), "", clerkPhone, "other"), "unknown", alerting.Accepted},
		"from another address":     {with(receipt("sms", alerting.Read), "", otherPhone, "a1 sms "+clerkPhone), "unknown", alerting.Accepted},
		"by a channel not its own": {with(receipt("email", alerting.Delivered), ref.String(), ""), "unknown", alerting.Accepted},
		"of an unknown alert":      {with(receipt("sms", alerting.Delivered), nowhere.String(), ""), "unknown", alerting.Accepted},
		"with a broken ref":        {with(receipt("sms", alerting.Delivered), "a1-x-1", ""), "unknown", alerting.Accepted},
		"of nothing":               {receipt("sms", alerting.Delivered), "unknown", alerting.Accepted},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := w.open(clerk)
			assert.Equal(t, test.outcome, w.arrive(test.fact))
			assert.Equal(t, test.want, w.board.State(key, 0))
			assert.EqualValues(t, 1, w.board.Inbound())
		})
	}
}

// A receipt may be the first that tells how the provider calls the message.
func TestReceiptBeforeTheCallReturnsNamesTheMessage(t *testing.T) {
	w := newWorld(t)
	key := w.ledger.Open(trackingtest.Alert(), clerk)
	w.write(alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 1}}})
	f := receipt("sms", alerting.Sent)
	f.Ref = alerting.Ref{Alert: key, Delivery: alerting.NewDeliveryID(key, "sms", clerkPhone), Attempt: 1}.String()
	f.About, f.ID = []string{"SM1"}, "SM1-sent"
	w.arrive(f)
	assert.Equal(t, []string{"SM1"}, w.board.PlacesOf("sms", clerkPhone)[0].Sent)
}

// A receipt that tells when its message was sent is of the only one that was on its way then.
func TestReceiptByTime(t *testing.T) {
	read := func(after time.Duration) alerting.Inbound {
		f := receipt("sms", alerting.Delivered)
		f.From, f.About, f.SentAt = clerkPhone, []string{"unheard"}, start.Add(after)
		return f
	}
	unknown := alerting.Record{At: start, Results: []alerting.Result{{Attempt: 1, State: alerting.Unknown, RetryAt: start.Add(time.Hour)}}}
	for name, test := range map[string]struct {
		alerts  int
		result  bool // the attempt is known to be unknown
		fact    alerting.Inbound
		outcome string
		want    alerting.State
	}{
		"faster than the answer":         {1, false, read(time.Second), "taken", alerting.Delivered},
		"the answer was lost":            {1, true, read(time.Second), "taken", alerting.Delivered},
		"the provider's clock is behind": {1, true, read(-2 * time.Second), "taken", alerting.Delivered},
		"of something before":            {1, true, read(-time.Minute), "unknown", alerting.Unknown},
		"of something after":             {1, true, read(time.Hour), "unknown", alerting.Unknown},
		"of one of two":                  {2, true, read(time.Second), "unknown", alerting.Unknown},
		"without a time":                 {1, true, alerting.Inbound{Channel: "sms", Kind: alerting.InboundReceipt, State: alerting.Delivered, From: clerkPhone, About: []string{"unheard"}}, "unknown", alerting.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var key alerting.Key
			for range test.alerts {
				key = w.ledger.Open(trackingtest.Alert(), clerk)
				w.write(alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 1}}})
				if r := unknown; test.result {
					r.Alert = key
					w.write(r)
				}
			}
			assert.Equal(t, test.outcome, w.arrive(test.fact))
			assert.Equal(t, test.want, w.board.State(key, 0))
		})
	}
	t.Run("of one that was accepted", func(t *testing.T) {
		w := newWorld(t)
		key := w.open(clerk)
		assert.Equal(t, "unknown", w.arrive(read(time.Second)))
		assert.Equal(t, alerting.Accepted, w.board.State(key, 0))
	})
}

func TestRefusedFactsChangeNothing(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk)
	before, _ := w.board.Summary(key)
	assert.Equal(t, "refused", w.arrive(alerting.Inbound{Channel: "sms", Kind: alerting.InboundRefused, From: clerkPhone, Text: "ACK K7Q"}))
	after, _ := w.board.Summary(key)
	assert.Equal(t, before, after)
}

func TestStopAndStart(t *testing.T) {
	w := newWorld(t)
	first := w.open(clerk)
	waiting := w.ledger.Open(trackingtest.Alert(), clerk)
	over := w.open(clerk)
	w.end(over, alerting.Record{Expired: true})

	wish := alerting.Inbound{Channel: "sms", Kind: alerting.InboundOptOut, At: at, From: clerkPhone, Text: "STOP", ID: "SM1"}
	assert.Equal(t, "opted out", w.arrive(wish))
	assert.Equal(t, []string{"out sms:" + clerkPhone}, w.wishes)
	assert.Equal(t, alerting.Accepted, w.board.State(first, 0), "what has gone out has gone out")
	assert.Equal(t, alerting.Suppressed, w.board.State(waiting, 0))
	assert.Equal(t, []alerting.RemarkKind{alerting.RemarkOptOut}, w.remarks(first))
	assert.Equal(t, []alerting.RemarkKind{alerting.RemarkOptOut}, w.remarks(waiting))
	assert.Empty(t, w.remarks(over))
	s, _ := w.board.Summary(first)
	assert.Equal(t, "Boston Clerk sent STOP: no more messages on sms", s.Remarks[0].Detail)
	assert.Empty(t, w.notices(first), "the provider answers STOP")

	wish.Kind, wish.Text, wish.ID = alerting.InboundOptIn, "START", "SM2"
	assert.Equal(t, "opted in", w.arrive(wish))
	assert.Equal(t, "in sms:"+clerkPhone, w.wishes[1])
	assert.Equal(t, []alerting.RemarkKind{alerting.RemarkOptOut, alerting.RemarkOptIn}, w.remarks(first))

	wish.Kind, wish.Text, wish.ID = alerting.InboundAskedHelp, "HELP", "SM3"
	assert.Equal(t, "remarked", w.arrive(wish))
	assert.Contains(t, w.remarks(first), alerting.RemarkHelp)
	assert.Empty(t, w.notices(first))

	wish.Kind, wish.From, wish.ID = alerting.InboundOptOut, strange, "SM4"
	assert.Equal(t, "opted out", w.arrive(wish))
	assert.Equal(t, "out sms:"+strange, w.wishes[2], "a stranger's wish is kept as well")
}

// Whatever came in counts once, wherever the process that deals with it dies.
func TestEveryArrivalCountsOnce(t *testing.T) {
	yes := says(clerkPhone, "YES")
	in := yes
	in.Kind = alerting.InboundOptIn
	arrivals := []replies.Arrival{
		{Sequence: 1, Facts: []alerting.Inbound{says(clerkPhone, "what")}},
		{Sequence: 2, Facts: []alerting.Inbound{in, yes}}, // two facts of one message
		{Sequence: 3, Facts: []alerting.Inbound{says(strange, "ACK")}},
		{Sequence: 4, Facts: []alerting.Inbound{says(clerkPhone, "ACK")}},
	}
	for n := range 5 {
		for _, stored := range []bool{true, false} {
			w := newWorld(t)
			key := w.open(clerk)
			w.ledger.Break(n, stored)
			if err := w.processor.Deal(t.Context(), arrivals...); n > 0 {
				require.ErrorIs(t, err, trackingtest.ErrBroken)
				w.restart()
			}
			require.NoError(t, w.processor.Deal(t.Context(), arrivals...))
			assert.EqualValues(t, 4, w.board.Inbound())
			assert.Len(t, w.notices(key), 2, "one help text, one confirmation")
			assert.Equal(t, []alerting.RemarkKind{alerting.RemarkNotUnderstood, alerting.RemarkOptIn, alerting.RemarkNotUnderstood}, w.remarks(key))
			p, _ := w.board.People(key, 0, 1, nil)
			assert.Len(t, p[0].Answers, 1)
		}
	}
}

// What was said before an alert went out is not read again as an answer to it.
func TestOldReplyIsNoAnswerToALaterAlert(t *testing.T) {
	w := newWorld(t)
	assert.Equal(t, "stranger", w.arrive(says(clerkPhone, "ACK")))
	key := w.open(clerk)
	w.restart()
	require.NoError(t, w.processor.Deal(t.Context(), replies.Arrival{Sequence: 1, Facts: []alerting.Inbound{says(clerkPhone, "ACK")}}))
	assert.Nil(t, w.answer(key, "boston clerk"))
}

func TestReplayedWebhookIsHeardOnce(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk)
	stop := alerting.Inbound{Channel: "sms", Kind: alerting.InboundOptOut, At: at, From: clerkPhone, ID: "SM1"}
	start := stop
	start.Kind, start.ID = alerting.InboundOptIn, "SM2"
	ack := says(clerkPhone, "ACK K7Q")
	ack.ID = "SM3"
	for _, f := range []alerting.Inbound{stop, start, ack} {
		w.arrive(f)
	}
	again := func() {
		for _, f := range []alerting.Inbound{stop, ack} {
			assert.Equal(t, "repeated", w.arrive(f))
		}
		assert.Len(t, w.wishes, 2)
		assert.Len(t, w.notices(key), 1)
	}
	again()
	w.restart()
	require.NoError(t, w.processor.Deal(t.Context(), replies.Arrival{Sequence: 1, Facts: []alerting.Inbound{stop}}, replies.Arrival{Sequence: 3, Facts: []alerting.Inbound{ack}}))
	again()
}

// The whole way: a fact that is put into the engine, followed from where the board is, and answered.
func TestRunOnARealEngine(t *testing.T) {
	server, err := engine.StartServer(engine.ServerConfig{Dir: t.TempDir(), Log: zerolog.Nop()})
	require.NoError(t, err)
	defer func() { assert.NoError(t, server.Stop()) }()
	e, err := engine.Embedded(t.Context(), server, zerolog.Nop())
	require.NoError(t, err)
	defer e.Close()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = e.FollowLedger(ctx, 0, w.board.Apply)
	require.NoError(t, err)
	for _, r := range sample() {
		sequence, err := e.Append(t.Context(), engine.LedgerAlerts, engine.Anywhere, r)
		require.NoError(t, err)
		require.NoError(t, w.board.Wait(t.Context(), sequence))
	}
	w.processor.Journal = e.Journal(engine.LedgerInbound, 0)
	arrivals := make(chan replies.Arrival, 8)
	require.NoError(t, e.FollowInbound(ctx, w.board.Inbound(), func(sequence uint64, facts []alerting.Inbound) {
		arrivals <- replies.Arrival{Sequence: sequence, Facts: facts}
	}))
	ended := make(chan error, 1)
	go func() { ended <- w.processor.Run(ctx, arrivals) }()
	require.NoError(t, e.Put(t.Context(), says(clerkPhone, "2 K7Q"), says(strange, "ACK")))
	require.NoError(t, e.Put(t.Context(), says(clerkPhone, "thanks")))
	require.Eventually(t, func() bool { return w.board.Inbound() == 2 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, "2", w.answer("a1", "boston clerk").Response)
	cancel()
	require.NoError(t, <-ended)
}

// sample is an alert that was sent to the clerk.
func sample() []alerting.Record {
	l := trackingtest.NewLedger(tracking.NewBoard())
	key := l.Open(trackingtest.Alert(), clerk)
	return append(l.Written(), alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Attempt: 1}}})
}
