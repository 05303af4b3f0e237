package sms_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels/sms"
	"revere/channels/sms/bare"
	"revere/integration/twiliosim"
)

// BenchmarkSend is what one message costs, the stand-in's share included: by the channel, and by
// the same library with nothing around it.
func BenchmarkSend(b *testing.B) {
	w := newWorldOn(b, &twiliosim.Server{Forgetful: true}, func(c *sms.Config) { c.Rate = 1e6 })
	m := message()
	b.Run("channel", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.Equal(b, alerting.Accepted, w.channel.Send(b.Context(), m).State)
		}
	})
	client, err := bare.New(bare.Account{BaseURL: w.twilio.URL(), SID: accountSID, Token: authToken, From: ours, Connections: 1})
	require.NoError(b, err)
	b.Cleanup(client.Close)
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, client.Send(m.To, m.Text, w.public+"/webhooks/twilio/status?ref="+m.Ref.String(), 3600))
		}
	})
}
