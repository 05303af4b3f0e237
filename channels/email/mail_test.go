package email_test

import (
	"bytes"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels/email"
	"revere/integration/smtpsim"
)

// deliver sends one message and returns what the mail server got.
func deliver(t *testing.T, m alerting.Message, changes ...func(*email.Config)) (smtpsim.Mail, alerting.Outcome) {
	t.Helper()
	server := run(t, &smtpsim.Server{})
	out := open(t, configure(t, server, changes...)).Send(t.Context(), m)
	require.Equal(t, alerting.Accepted, out.State, out.Reason)
	require.Len(t, server.Mails(), 1)
	return server.Mails()[0], out
}

func TestMailThatPeopleRead(t *testing.T) {
	m := message(1)
	got, out := deliver(t, m)
	require.Equal(t, []string{clerk}, got.To, "one recipient a mail")
	require.Equal(t, "alerts@soc.example", got.From)
	require.Equal(t, m.Subject, got.Get("Subject"))
	require.Equal(t, `"MA State SOC" <alerts@soc.example>`, got.Get("From"))
	require.Equal(t, "<"+clerk+">", got.Get("To"))
	require.Equal(t, m.Text, strings.ReplaceAll(got.Text, "\r\n", "\n"))
	require.Equal(t, m.HTML, strings.TrimSpace(got.HTML))
	require.Contains(t, got.Get("Content-Type"), "multipart/alternative")
	require.Equal(t, "<"+out.ProviderID+">", got.Get("Message-Id"))
	date, err := mail.ParseDate(got.Get("Date"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), date, time.Minute)
	require.False(t, bytes.ContainsFunc(got.Data, func(r rune) bool { return r > 0x7e }), "a mail is ASCII, so that no server on its way can spoil it")
}

func TestHeadersForMailSystems(t *testing.T) {
	got, _ := deliver(t, message(1))
	require.Equal(t, "auto-generated", got.Get("Auto-Submitted"))
	require.Equal(t, "All", got.Get("X-Auto-Response-Suppress"))
	require.Equal(t, "<mailto:alerts@soc.example?subject=Unsubscribe%20clerk%40boston.example>", got.Get("List-Unsubscribe"))
	require.Empty(t, got.Header["Precedence"])
	require.Empty(t, got.Header["List-Unsubscribe-Post"], "one click that nobody confirms must not take a responder off the list")
	require.NotContains(t, got.Get("List-Unsubscribe"), "/a/token", "acknowledging is not unsubscribing")
}

func TestUrgentMailSaysSo(t *testing.T) {
	for severity, urgent := range map[alerting.Severity]bool{
		alerting.Extreme: true, alerting.Severe: true, alerting.UnknownSeverity: true,
		alerting.Moderate: false, alerting.Minor: false, "": false,
	} {
		m := message(1)
		m.Severity = severity
		got, _ := deliver(t, m)
		require.Equal(t, urgent, got.Get("Importance") == "high", severity)
		require.Equal(t, urgent, got.Get("X-Priority") == "1 (Highest)", severity)
		require.Equal(t, urgent, got.Get("Priority") == "urgent", severity)
	}
}

// What may be a duplicate carries the Message-ID of what it may duplicate; another delivery doesn't.
func TestMessageIDNamesTheDelivery(t *testing.T) {
	first, _ := deliver(t, message(1))
	again, _ := deliver(t, message(2))
	require.Equal(t, first.Get("Message-Id"), again.Get("Message-Id"))
	other := message(1)
	other.Ref.Delivery = alerting.NewDeliveryID(other.Ref.Alert, email.Name, "mayor@boston.example")
	mayor, _ := deliver(t, other)
	require.NotEqual(t, first.Get("Message-Id"), mayor.Get("Message-Id"))
}

func TestEnvelopeSenderNamesTheAttempt(t *testing.T) {
	m := message(3)
	got, _ := deliver(t, m, func(c *email.Config) { c.BounceAddress = "bounces@soc.example" })
	require.Equal(t, "bounces+"+m.Ref.String()+"@soc.example", got.From)
	require.Equal(t, `"MA State SOC" <alerts@soc.example>`, got.Get("From"), "people see the address that they know")
}

func TestFromWithoutANameTakesTheSenders(t *testing.T) {
	got, _ := deliver(t, message(1), func(c *email.Config) { c.From = "alerts@soc.example" })
	require.Equal(t, `"MA State SOC" <alerts@soc.example>`, got.Get("From"))
}

func TestMailWithOneBody(t *testing.T) {
	m := message(1)
	m.HTML = ""
	got, _ := deliver(t, m)
	require.Contains(t, got.Get("Content-Type"), "text/plain")
	m = message(1)
	m.Text = ""
	got, _ = deliver(t, m)
	require.Contains(t, got.Get("Content-Type"), "text/html")
}

// No text becomes a header of its own, whatever it holds.
func TestHeaderInjectionIsImpossible(t *testing.T) {
	want, _ := deliver(t, message(1))
	for _, evil := range []string{
		"Hi\r\nBcc: everyone@evil.example", "Hi\nX-Evil: 1\n\nbody", "Hi\r\n\r\n.\r\nRCPT TO:<x@evil.example>",
		"Hi\rX-Evil: 1", "Hi\u2028X-Evil: 1", "Hi\x00X-Evil: 1", "é\r\nX-Evil: 1", strings.Repeat("long \r\n X-Evil: 1 ", 200),
	} {
		m := message(1)
		m.Subject, m.Text = evil, evil
		got, _ := deliver(t, m)
		require.Equal(t, names(want), names(got), "%q", evil)
		require.Equal(t, []string{clerk}, got.To)
		require.NotContains(t, got.Get("Subject"), "\n")
	}
}

func names(m smtpsim.Mail) map[string]int {
	counts := map[string]int{}
	for name, values := range m.Header {
		counts[name] = len(values)
	}
	return counts
}
