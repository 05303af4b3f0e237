package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// listening returns an engine whose server producers reach.
func listening(t *testing.T) (*engine.Engine, producer) {
	t.Helper()
	s := start(t, engine.ServerConfig{Listen: "127.0.0.1:0"})
	return connect(t, s), dial(t, s)
}

func TestSubmitVouchesForItsProducer(t *testing.T) {
	t.Parallel()
	e := open(t)
	before := time.Now().Add(-time.Second)
	sequence, err := e.Submit(t.Context(), "ma.boston", "state-desk", []byte(`{"id": "1"}`))
	require.NoError(t, err)
	got := next(t, submissions(t, e))
	assert.Equal(t, "state-desk", got.Producer)
	assert.True(t, got.Sealed)
	assert.Equal(t, sequence, got.Sequence)
	assert.Equal(t, alerting.Key("a1"), got.Key())
	assert.Equal(t, "alerts.ma.boston", got.Subject)
	assert.Equal(t, `{"id": "1"}`, string(got.Body))
	assert.WithinRange(t, got.Received, before, time.Now())
	assert.Equal(t, time.UTC, got.Received.Location())
}

func TestAProducersWordForItselfIsNotBelieved(t *testing.T) {
	t.Parallel()
	e, p := listening(t)
	ctx := t.Context()
	_, err := e.Submit(ctx, "ma.boston", "state-desk", []byte("sealed"))
	require.NoError(t, err)
	in := submissions(t, e)
	seal := next(t, in).Headers["Revere-Seal"][0]
	for name, msg := range map[string][]string{
		"no seal":                    {"sealed", "Revere-Producer", "state-desk"},
		"a seal made up":             {"sealed", "Revere-Producer", "state-desk", "Revere-Seal", strings.Repeat("0", 64)},
		"the seal of another body":   {"other", "Revere-Producer", "state-desk", "Revere-Seal", seal},
		"the seal of another person": {"sealed", "Revere-Producer", "federal", "Revere-Seal", seal},
		"the seal of nobody":         {"sealed", "Revere-Seal", seal},
	} {
		p.publish(t, message("alerts.ma.boston", msg[0], msg[1:]...))
		got := next(t, in)
		assert.Equal(t, alerting.AnyProducer, got.Producer, name)
		assert.False(t, got.Sealed, name)
	}
}

func TestResubmitVouchesForNobody(t *testing.T) {
	t.Parallel()
	e := open(t)
	_, err := e.Resubmit(t.Context(), "alerts.anything.at.all", []byte("x"))
	require.NoError(t, err)
	got := next(t, submissions(t, e))
	assert.Equal(t, alerting.AnyProducer, got.Producer)
	assert.Equal(t, "alerts.anything.at.all", got.Subject)
}

// The server throws a message away that repeats a Nats-Msg-Id; identity is the router's to judge, so
// the time in which it does is minimal.
func TestAnotherBodyUnderTheSameMsgIDIsKept(t *testing.T) {
	t.Parallel()
	e, p := listening(t)
	p.publish(t, message("alerts.ma.boston", "first", "Nats-Msg-Id", "1"))
	require.Eventually(t, func() bool {
		_, duplicate := p.publish(t, message("alerts.ma.boston", "second", "Nats-Msg-Id", "1"))
		return !duplicate
	}, 2*time.Second, 50*time.Millisecond)
	in := submissions(t, e)
	assert.Equal(t, "first", string(next(t, in).Body))
	assert.Equal(t, "second", string(next(t, in).Body))
}

// What is larger than an alert may be is kept and explained, not cut off.
func TestOversizedAlertsComeThroughWhole(t *testing.T) {
	t.Parallel()
	e, p := listening(t)
	for _, size := range []int{alerting.MaxAlertBytes + 1, engine.MaxPayload} {
		body := strings.Repeat("\xff", size)
		require.NoError(t, p.Publish("alerts.ma.boston", []byte(body)))
	}
	in := submissions(t, e)
	for _, size := range []int{alerting.MaxAlertBytes + 1, engine.MaxPayload} {
		got := next(t, in)
		assert.Len(t, got.Body, size)
		_, _, err := alerting.Intake{}.Decode(got.Body)
		assert.Equal(t, alerting.CodeOversized, alerting.CodeOf(err))
	}
}

func TestSubmissionsComeInOrderAndOnce(t *testing.T) {
	t.Parallel()
	e := open(t)
	const n = 150 // more than one batch
	for range n {
		_, err := e.Submit(t.Context(), "ma.boston", "desk", []byte("x"))
		require.NoError(t, err)
	}
	in := submissions(t, e)
	for i := range n {
		assert.EqualValues(t, i+1, next(t, in).Sequence)
	}
	assert.Empty(t, in)
}

// When the router fails, what it had in hand comes again at once and before anything newer.
func TestWhatWasNotJudgedComesAgain(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	for range 3 {
		_, err := e.Submit(ctx, "ma.boston", "desk", []byte("x"))
		require.NoError(t, err)
	}
	overtaken := errors.New("the ledger was overtaken")
	err := e.Submissions(ctx, 0, func(s alerting.Submission) error {
		if s.Sequence < 2 {
			return e.NoteJudged(ctx, alerting.Judged{Through: s.Sequence, Furthest: s.Sequence})
		}
		return overtaken
	})
	require.ErrorIs(t, err, overtaken)
	_, err = e.Submit(ctx, "ma.boston", "desk", []byte("newer"))
	require.NoError(t, err)
	since := time.Now()
	in := submissions(t, e)
	for _, sequence := range []uint64{2, 3, 4} {
		assert.Equal(t, sequence, next(t, in).Sequence)
	}
	assert.Less(t, time.Since(since), 4*time.Second, "it did not have to wait until it was taken for lost")
}

// What waits is counted by everyone who asks, not by the router alone.
func TestWaitingCountsWhatIsNotJudged(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	waiting := func() int {
		n, err := e.Waiting(ctx)
		require.NoError(t, err)
		return n
	}
	assert.Zero(t, waiting())
	for range 5 {
		_, err := e.Submit(ctx, "ma.boston", "desk", []byte("x"))
		require.NoError(t, err)
	}
	assert.Equal(t, 5, waiting())
	judged := alerting.Judged{Through: 1, Ahead: 2, Furthest: 5} // 1, and two of 2 to 5
	require.NoError(t, e.NoteJudged(ctx, judged))
	assert.Equal(t, 2, waiting())
	kept, err := e.Judged(ctx)
	require.NoError(t, err)
	assert.Equal(t, judged, kept)
}

// A directory of the version that judged in order is taken over.
func TestJudgedAsANumberIsRead(t *testing.T) {
	t.Parallel()
	e := open(t)
	_, err := e.PublishRaw(t.Context(), "$KV.KEEP.judged", []byte("17"))
	require.NoError(t, err)
	judged, err := e.Judged(t.Context())
	require.NoError(t, err)
	assert.Equal(t, alerting.Judged{Through: 17}, judged)
}

func TestOneSubmissionIsReadAgain(t *testing.T) {
	t.Parallel()
	e := open(t)
	sequence, err := e.Submit(t.Context(), "ma.boston", "desk", []byte("x"))
	require.NoError(t, err)
	again, err := e.Submission(t.Context(), sequence)
	require.NoError(t, err)
	assert.Equal(t, next(t, submissions(t, e)), again)
	_, err = e.Submission(t.Context(), sequence+1)
	assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err))
	assert.True(t, alerting.Hopeless(err), "nobody tries it for ever")
}

func TestTheLastVerdict(t *testing.T) {
	t.Parallel()
	e := open(t)
	last := alerting.Verdict{Key: "a1", Verdict: alerting.VerdictAccepted, Alert: "a1"}
	doubted := last
	doubted.Warnings = []alerting.Problem{{Code: alerting.CodeUnexpanded}}
	for _, v := range []alerting.Verdict{doubted, last} {
		require.NoError(t, e.Pronounce(t.Context(), v, ""))
	}
	got, found, err := e.Verdict(t.Context(), "a1")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, last, got)
	_, found, err = e.Verdict(t.Context(), "a11")
	require.NoError(t, err)
	assert.False(t, found)
}

func TestVerdictIsKeptAndAwaited(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	verdict := alerting.Verdict{Key: "a5", Verdict: alerting.VerdictAccepted, Sequence: 5, Subject: "alerts.ma.boston", Alert: "a5", Code: "K7Q"}
	awaited := make(chan alerting.Verdict)
	go func() {
		v, err := e.AwaitVerdict(ctx, "a5")
		assert.NoError(t, err)
		awaited <- v
	}()
	require.NoError(t, e.Pronounce(ctx, alerting.Verdict{Key: "a4", Verdict: alerting.VerdictRejected}, ""))
	require.NoError(t, e.Pronounce(ctx, verdict, ""))
	assert.Equal(t, verdict, next(t, awaited))
	later, err := e.AwaitVerdict(ctx, "a5")
	require.NoError(t, err)
	assert.Equal(t, verdict, later, "who asks later learns it too")
}

func TestAwaitVerdictGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := e.AwaitVerdict(ctx, "a5")
	assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(err))
}

func TestAProducerThatAsksHearsTheVerdict(t *testing.T) {
	t.Parallel()
	e, p := listening(t)
	inbox := p.NewInbox()
	mine, err := p.SubscribeSync(inbox)
	require.NoError(t, err)
	p.publish(t, message("alerts.ma.boston", "{}", "Revere-Verdict-To", inbox))
	got := next(t, submissions(t, e))
	require.Equal(t, inbox, got.VerdictTo)
	require.NoError(t, e.Pronounce(t.Context(), alerting.Verdict{Key: got.Key(), Verdict: alerting.VerdictRejected, Reason: alerting.CodeMissing}, got.VerdictTo))
	msg, err := mine.NextMsg(patience)
	require.NoError(t, err)
	var verdict alerting.Verdict
	require.NoError(t, json.Unmarshal(msg.Data, &verdict))
	assert.Equal(t, alerting.Verdict{Key: "a1", Verdict: alerting.VerdictRejected, Reason: alerting.CodeMissing}, verdict)
}

func TestVerdictsGoToInboxesOnly(t *testing.T) {
	t.Parallel()
	e, p := listening(t)
	in := submissions(t, e)
	for _, to := range []string{"ledger.alerts", "_INBOX", "_INBOX.", "_INBOX.>", "_INBOX.*", "_INBOX.a..b", "_INBOX.a b", "_INBOXES.a", "alerts.ma.boston", "$JS.API.INFO",
		"_INBOX." + strings.Repeat("x", 5000)} {
		p.publish(t, message("alerts.ma.boston", "{}", "Revere-Verdict-To", to))
		assert.Empty(t, next(t, in).VerdictTo, to)
	}
	require.NoError(t, e.Pronounce(t.Context(), alerting.Verdict{Key: "a1", Verdict: alerting.VerdictAccepted}, "_INBOX.not a subject"),
		"what a producer asks for never stops a verdict")
}
