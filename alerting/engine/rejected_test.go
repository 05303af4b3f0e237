package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

func rejection(sequence uint64, subject string) alerting.Rejection {
	at := time.Date(2026, 11, 3, 12, 15, 0, 0, time.UTC)
	return alerting.Rejection{Key: alerting.KeyOf(sequence), Sequence: sequence, Subject: subject, Received: at, Rejected: at.Add(time.Millisecond),
		Producer: alerting.AnyProducer, Reason: alerting.CodeMalformed, Detail: "the alert is not UTF-8 text",
		Problems: []alerting.Problem{{Pointer: "/x", Code: "invalid", Detail: "d"}}, Headers: map[string][]string{"X-From": {"county"}}}
}

func TestRejectKeepsEveryByteAndTheReason(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	bodies := map[uint64]string{
		1: "", 2: "{\"event\": \"\xff\xfe\x00\"}", 3: strings.Repeat("\xff", alerting.MaxAlertBytes+1), 4: strings.Repeat("x", engine.MaxPayload),
	}
	for sequence, body := range bodies {
		r := rejection(sequence, "alerts.ma.boston")
		for range 2 { // done again it changes nothing
			require.NoError(t, e.Reject(ctx, r, []byte(body)))
		}
		got, kept, err := e.Rejection(ctx, r.Key)
		require.NoError(t, err)
		assert.Equal(t, r, got)
		assert.True(t, body == string(kept), "the bytes of message %d", sequence)
	}
	all, err := e.Rejections(ctx)
	require.NoError(t, err)
	require.Len(t, all, len(bodies))
	for i, r := range all {
		assert.EqualValues(t, i+1, r.Sequence, "the oldest first")
	}
}

// Headers are the producer's: however large, they must not keep the message from being kept.
func TestRejectKeepsAMessageWithHeadersTooLarge(t *testing.T) {
	t.Parallel()
	e := open(t)
	r := rejection(1, "alerts.ma.boston")
	r.Headers = map[string][]string{"X": {strings.Repeat("\"", 700_000)}}
	require.NoError(t, e.Reject(t.Context(), r, []byte("body")))
	got, body, err := e.Rejection(t.Context(), r.Key)
	require.NoError(t, err)
	assert.Empty(t, got.Headers)
	assert.Contains(t, got.Detail, "its headers are too large to be kept beside it")
	assert.Equal(t, r.Problems, got.Problems)
	assert.Equal(t, "body", string(body))
}

func TestNothingRejected(t *testing.T) {
	t.Parallel()
	e := open(t)
	all, err := e.Rejections(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []alerting.Rejection{}, all)
	for _, key := range []alerting.Key{"a7", "", "*", ">", "a1.b", "a 1"} {
		_, _, err := e.Rejection(t.Context(), key)
		assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err), key)
		_, err = e.Replay(t.Context(), key)
		assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err), key)
	}
}

func TestReplayPublishesTheSameBytesAgain(t *testing.T) {
	t.Parallel()
	e := open(t)
	ctx := t.Context()
	in := submissions(t, e)
	vouched := rejection(3, "alerts.ma.boston")
	vouched.Producer, vouched.Sealed = "state-desk", true
	for r, body := range map[*alerting.Rejection]string{
		new(rejection(1, "alerts.ma.boston")):    "{\"event\": \"\xff\"}",
		new(rejection(2, "alerts.some.where.x")): strings.Repeat("x", engine.MaxPayload),
		&vouched:                                 "{}",
	} {
		require.NoError(t, e.Reject(ctx, *r, []byte(body)))
		key, err := e.Replay(ctx, r.Key)
		require.NoError(t, err)
		got := next(t, in)
		assert.Equal(t, key, got.Key())
		assert.Equal(t, r.Subject, got.Subject)
		assert.Equal(t, r.Producer, got.Producer)
		assert.Equal(t, r.Sealed, got.Sealed)
		assert.True(t, body == string(got.Body), "the bytes of %s", r.Key)
		noted, kept, err := e.Rejection(ctx, r.Key)
		require.NoError(t, err)
		assert.Equal(t, key, noted.ReplayedAs)
		assert.True(t, body == string(kept), "a replay takes nothing away")
	}
	all, err := e.Rejections(ctx)
	require.NoError(t, err)
	assert.Equal(t, []alerting.Key{"a1", "a2", "a3"}, []alerting.Key{all[0].Key, all[1].Key, all[2].Key})
}
