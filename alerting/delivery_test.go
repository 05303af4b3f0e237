package alerting_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// The order of evidence about one attempt: a later entry outranks all before it.
func TestEvidenceIsOrdered(t *testing.T) {
	ladder := []alerting.State{
		alerting.Queued, alerting.Attempting, alerting.Failed, alerting.Unknown, alerting.Accepted, alerting.Sent,
		alerting.Undelivered, alerting.Delivered, alerting.Read,
	}
	for i, s := range ladder {
		assert.False(t, s.Outranks(s), "%s: a receipt that comes twice changes nothing", s)
		for _, lower := range ladder[:i] {
			assert.True(t, s.Outranks(lower), "%s over %s", s, lower)
			assert.False(t, lower.Outranks(s), "%s over %s", lower, s)
		}
	}
	for _, decision := range []alerting.State{alerting.Expired, alerting.Suppressed, alerting.Canceled} {
		assert.False(t, decision.Outranks(alerting.Attempting), "%s is no evidence about an attempt", decision)
	}
}

func TestWhatStatesMean(t *testing.T) {
	only := func(is func(alerting.State) bool) (those []alerting.State) {
		for _, s := range alerting.States() {
			if is(s) {
				those = append(those, s)
			}
		}
		return those
	}
	assert.Equal(t, []alerting.State{alerting.Delivered, alerting.Read}, only(alerting.State.Arrived))
	assert.Equal(t, []alerting.State{alerting.Undelivered, alerting.Failed, alerting.Suppressed}, only(alerting.State.Dead))
	assert.Equal(t, []alerting.State{alerting.Attempting, alerting.Accepted, alerting.Sent, alerting.Delivered, alerting.Read, alerting.Unknown,
		alerting.Undelivered}, only(alerting.State.WentOut), "a correction goes wherever the message may have arrived")
	assert.Equal(t, []alerting.State{alerting.Queued, alerting.Attempting, alerting.Unknown}, only(func(s alerting.State) bool { return !s.Final() }))
}

// The numbers are stored in the ledger: they never change.
func TestStatesKeepTheirNumbers(t *testing.T) {
	names := []string{"queued", "attempting", "accepted", "sent", "delivered", "read", "unknown", "undelivered", "failed", "expired", "suppressed", "canceled"}
	for i, s := range alerting.States() {
		assert.Equal(t, names[i], s.String())
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var back alerting.State
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, s, back)
	}
	assert.Len(t, alerting.States(), len(names))
	assert.Equal(t, "state-200", alerting.State(200).String())
	var s alerting.State
	assert.ErrorContains(t, s.UnmarshalText([]byte("done")), `"done" is not a delivery state`)
}

func TestDeliveryIDIsOfAlertChannelAndAddress(t *testing.T) {
	id := alerting.NewDeliveryID("a17", "sms", "+16175550100")
	assert.Equal(t, id, alerting.NewDeliveryID("a17", "sms", "+16175550100"), "done again it is the same")
	assert.Equal(t, "tk43bsijc7y2zz564yibo2er2e", id.String(), "it is stored: it never changes")
	others := []alerting.DeliveryID{
		alerting.NewDeliveryID("a18", "sms", "+16175550100"), alerting.NewDeliveryID("a17", "signal", "+16175550100"),
		alerting.NewDeliveryID("a17", "sms", "+16175550101"), alerting.NewDeliveryID("a17s", "ms", "+16175550100"),
	}
	assert.False(t, slices.Contains(others, id))
}

func TestDeliveryIDComesBackFromText(t *testing.T) {
	id := alerting.NewDeliveryID("a17", "sms", "+16175550100")
	text, err := id.MarshalText()
	require.NoError(t, err)
	for _, s := range []string{string(text), "TK43BSIJC7Y2ZZ564YIBO2ER2E"} {
		back, err := alerting.ParseDeliveryID(s)
		require.NoError(t, err, s)
		assert.Equal(t, id, back)
	}
	for _, s := range []string{"", "tk43", id.String() + "a", id.String()[:25] + "1", id.String() + "\n", "tk43bsijc7y2zz564yibo2er2f"} {
		_, err := alerting.ParseDeliveryID(s)
		assert.Equal(t, alerting.CodeInvalid, alerting.CodeOf(err), "%q", s)
	}
}

func TestRefComesBackFromText(t *testing.T) {
	ref := alerting.Ref{Alert: "a17", Delivery: alerting.NewDeliveryID("a17", "email", "clerk@boston.example"), Attempt: 3}
	assert.Regexp(t, `^[a-z0-9-]+$`, ref.String())
	back, err := alerting.ParseRef(ref.String())
	require.NoError(t, err)
	assert.Equal(t, ref, back)
	id := ref.Delivery.String()
	for _, s := range []string{"", "a17", "a17-" + id, "-" + id + "-1", "a.17-" + id + "-1", "a17-" + id + "-0", "a17-" + id + "--1",
		"a17-" + id + "-+1", "a17-" + id + "-01", "a17-" + id + "-x", "a17-xyz-1", "a17-" + id + "-1-2", "a17-" + id + "-99999999999999999999"} {
		_, err := alerting.ParseRef(s)
		assert.Equal(t, alerting.CodeInvalid, alerting.CodeOf(err), "%q", s)
	}
}
