package email

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// Whatever a stranger writes to, what is read from it is an attempt that leads back to the address.
func FuzzBounceAddress(f *testing.F) {
	v, err := parseVERP("bounces@soc.example")
	require.NoError(f, err)
	own := v.sender(alerting.Ref{Alert: "a17", Delivery: alerting.NewDeliveryID("a17", Name, "clerk@boston.example"), Attempt: 3})
	for _, seed := range []string{own, strings.ToUpper(own), "bounces@soc.example", "bounces+@soc.example", "bounces+a1--1@soc.example", "bounces+\r\n@soc.example", own + ".example", "<" + own + ">"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, recipient string) {
		ref, ok := v.ref(recipient)
		if !ok {
			require.Zero(t, ref)
			return
		}
		require.Equal(t, strings.ToLower(v.sender(ref)), strings.ToLower(recipient))
	})
}
