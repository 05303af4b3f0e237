package replies_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/replies"
)

func stops(from string) alerting.Inbound {
	return alerting.Inbound{Channel: "sms", Kind: alerting.InboundOptOut, At: at, From: from}
}

// A fact of which nothing can ever be made is passed over, once: the answer behind it counts.
func TestAFactThatFailsForGoodHoldsUpNoOther(t *testing.T) {
	for name, fails := range map[string]func(context.Context, string, string, string) error{
		"by a panic": func(context.Context, string, string, string) error { panic("a fault that nobody thought of") },
		"by an error": func(context.Context, string, string, string) error {
			return alerting.Errorf(alerting.CodeOversized, "no such address")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := w.open(clerk, emc)
			w.processor.OptOut = fails
			assert.Equal(t, "failed", w.arrive(stops(otherPhone)))
			assert.Equal(t, w.sequence, w.board.Inbound(), "it is not read again")
			assert.Equal(t, "acknowledged", w.arrive(says(clerkPhone, "ACK")))
			assert.NotNil(t, w.answer(key, "boston clerk"))
		})
	}
}

// What may go better the next time is not passed over: whoever holds the lease begins again with it.
func TestAFactThatFailsForNowIsDealtWithAgain(t *testing.T) {
	for _, fails := range []error{errors.New("the disk is full"), alerting.Errorf(alerting.CodeUnavailable, "no leader"), alerting.ErrOvertaken} {
		w := newWorld(t)
		w.open(clerk)
		w.processor.OptOut = func(context.Context, string, string, string) error { return fails }
		err := w.processor.Deal(t.Context(), replies.Arrival{Sequence: 1, Facts: []alerting.Inbound{stops(clerkPhone)}})
		require.ErrorIs(t, err, fails)
		assert.Zero(t, w.board.Inbound())
	}
}
