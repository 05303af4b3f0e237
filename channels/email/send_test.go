package email_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
	"revere/channels/email"
	"revere/integration/smtpsim"
)

func refuse(at smtpsim.Point, code int, status, text string) smtpsim.Fault {
	return smtpsim.Fault{At: at, Reply: smtpsim.Reply{Code: code, Status: status, Text: text}}
}

// What the server says, and where, decides what is claimed and what happens next.
func TestOutcomes(t *testing.T) {
	const (
		again  = "again"  // failed, try again
		putOff = "putOff" // failed, try again, and the server works for others
		mend   = "mend"   // failed, try again, and the whole channel pauses
		final  = "final"  // failed for good
		unsure = "unsure" // unknown
	)
	impatient := func(c *email.Config) { c.Timeout = 200 * time.Millisecond }
	for _, test := range []struct {
		name   string
		fault  smtpsim.Fault
		change func(*email.Config)
		want   string
		code   string
		taken  int
	}{
		{name: "greeting 421", fault: refuse(smtpsim.AtGreeting, 421, "4.3.2", "shutting down"), want: again, code: "4.3.2"},
		{name: "greeting 554", fault: refuse(smtpsim.AtGreeting, 554, "", "no mail from you"), want: mend, code: "554"},
		{name: "greeting cut", fault: smtpsim.Fault{At: smtpsim.AtGreeting, Do: smtpsim.Cut}, want: again, code: "connection_lost"},
		{name: "greeting hangs", fault: smtpsim.Fault{At: smtpsim.AtGreeting, Do: smtpsim.Hang}, change: impatient, want: again, code: "timeout"},
		{name: "wrong password", change: func(c *email.Config) { c.Password = "guess" }, want: mend, code: "5.7.8"},
		{name: "no password", change: func(c *email.Config) { c.Username, c.Password = "", "" }, want: mend, code: "5.7.0"},
		{name: "sign-in fails for the moment", fault: refuse(smtpsim.AtAuth, 454, "4.7.0", "directory away"), want: again, code: "4.7.0"},
		{name: "sender put off", fault: refuse(smtpsim.AtMail, 451, "4.7.1", "greylisted"), want: again, code: "4.7.1"},
		{name: "sender refused", fault: refuse(smtpsim.AtMail, 553, "5.7.1", "not your address"), want: mend, code: "5.7.1"},
		{name: "no such recipient", fault: refuse(smtpsim.AtRcpt, 550, "5.1.1", "no such user"), want: final, code: "5.1.1"},
		{name: "recipient's mailbox full", fault: refuse(smtpsim.AtRcpt, 552, "5.2.2", "over quota"), want: final, code: "5.2.2"},
		{name: "recipient put off", fault: refuse(smtpsim.AtRcpt, 450, "4.2.1", "mailbox busy"), want: putOff, code: "4.2.1"},
		{name: "recipient greylisted", fault: refuse(smtpsim.AtRcpt, 450, "", "greylisted, come back later"), want: putOff, code: "4.0.0"},
		{name: "recipient's server is away", fault: refuse(smtpsim.AtRcpt, 451, "4.4.1", "no answer from its host"), want: putOff, code: "4.4.1"},
		{name: "recipient put off, the disk is full", fault: refuse(smtpsim.AtRcpt, 452, "4.3.1", "insufficient system storage"), want: again, code: "4.3.1"},
		{name: "recipient's mailbox full for now", fault: refuse(smtpsim.AtRcpt, 452, "4.2.2", "over quota"), want: putOff, code: "4.2.2"},
		{name: "recipient, and the server closes", fault: refuse(smtpsim.AtRcpt, 421, "4.7.0", "too many from you"), want: again, code: "4.7.0"},
		{name: "recipient cut", fault: smtpsim.Fault{At: smtpsim.AtRcpt, Do: smtpsim.Cut}, want: again, code: "connection_lost"},
		{name: "data put off for the mail", fault: refuse(smtpsim.AtData, 451, "4.7.1", "not yet"), want: putOff, code: "4.7.1"},
		{name: "mail put off for what it says", fault: refuse(smtpsim.AtContent, 451, "4.7.1", "looks odd, come back"), want: putOff, code: "4.7.1"},
		{name: "mail, and the server closes", fault: refuse(smtpsim.AtContent, 421, "4.3.2", "shutting down"), want: again, code: "4.3.2"},
		{name: "recipient refused without an enhanced code", fault: refuse(smtpsim.AtRcpt, 550, "5.0.0", "no"), want: final, code: "5.0.0"},
		{name: "credentials wanted late", fault: refuse(smtpsim.AtRcpt, 530, "5.7.0", "sign in first"), want: mend, code: "5.7.0"},
		{name: "data refused", fault: refuse(smtpsim.AtData, 554, "5.5.1", "no valid recipients"), want: final, code: "5.5.1"},
		{name: "data put off", fault: refuse(smtpsim.AtData, 451, "4.3.0", "disk"), want: again, code: "4.3.0"},
		{name: "data cut", fault: smtpsim.Fault{At: smtpsim.AtData, Do: smtpsim.Cut}, want: again, code: "connection_lost"},
		{name: "mail refused", fault: refuse(smtpsim.AtContent, 554, "5.7.1", "spam"), want: final, code: "5.7.1"},
		{name: "mail put off", fault: refuse(smtpsim.AtContent, 452, "4.3.1", "disk full"), want: again, code: "4.3.1"},
		{name: "verdict never comes", fault: smtpsim.Fault{At: smtpsim.AtContent, Do: smtpsim.Hang}, change: impatient, want: unsure, code: "timeout"},
		{name: "cut before the mail is taken", fault: smtpsim.Fault{At: smtpsim.AtContent, Do: smtpsim.Cut}, want: unsure, code: "connection_lost"},
		{name: "cut after the mail is taken", fault: smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Cut}, want: unsure, code: "connection_lost", taken: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := run(t, &smtpsim.Server{Username: user, Password: password})
			if test.fault.At != "" {
				server.Inject(test.fault)
			}
			config := configure(t, server)
			if test.change != nil {
				test.change(config)
			}
			out := open(t, config).Send(t.Context(), message(1))
			require.Equal(t, test.code, out.Code, out.Reason)
			require.NotEmpty(t, out.Reason)
			require.NotContains(t, out.Reason, password)
			require.Equal(t, test.want == unsure, out.State == alerting.Unknown, out.State)
			require.Equal(t, test.want != unsure, out.State == alerting.Failed, out.State)
			require.Equal(t, test.want == again || test.want == putOff || test.want == mend, out.Retry, out.Reason)
			require.Equal(t, test.want == putOff, out.MessageOnly, out.Reason)
			require.Equal(t, test.want == mend, out.PauseChannel > 0, out.Reason)
			require.Len(t, server.Mails(), test.taken)
		})
	}
}

func TestSendInEveryTLSMode(t *testing.T) {
	for _, mode := range []smtpsim.TLSMode{smtpsim.NoTLS, smtpsim.StartTLS, smtpsim.ImplicitTLS} {
		t.Run(string(mode), func(t *testing.T) {
			server := run(t, &smtpsim.Server{TLS: mode, Username: user, Password: password})
			out := open(t, configure(t, server)).Send(t.Context(), message(1))
			require.Equal(t, alerting.Accepted, out.State, "an SMTP server's yes is Accepted and no more: %s", out.Reason)
			require.Empty(t, out.Code)
			require.Len(t, server.Mails(), 1)
			require.Equal(t, user, server.Mails()[0].User)
		})
	}
}

// Encryption that does not come about is the operator's to mend, and nothing goes out without it.
func TestNoMailWithoutTrustedTLS(t *testing.T) {
	distrust := func(c *email.Config) { c.CAFile = "" }
	for name, test := range map[string]struct {
		server *smtpsim.Server
		change func(*email.Config)
		says   string
	}{
		"unknown authority, starttls": {&smtpsim.Server{TLS: smtpsim.StartTLS}, distrust, "certificate"},
		"unknown authority, implicit": {&smtpsim.Server{TLS: smtpsim.ImplicitTLS}, distrust, "certificate"},
		"no STARTTLS offered":         {&smtpsim.Server{}, func(c *email.Config) { c.TLS = email.StartTLS }, "tls: none for a mail catcher on this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			server := run(t, test.server)
			out := open(t, configure(t, server, test.change)).Send(t.Context(), message(1))
			require.Equal(t, alerting.Failed, out.State)
			require.True(t, out.Retry)
			require.Positive(t, out.PauseChannel)
			require.Equal(t, "tls", out.Code)
			require.Contains(t, out.Reason, test.says)
			require.Empty(t, server.Mails())
		})
	}
}

func TestServerThatIsDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := run(t, &smtpsim.Server{})
	config := configure(t, server, func(c *email.Config) { c.Port = listener.Addr().(*net.TCPAddr).Port })
	require.NoError(t, listener.Close())
	out := open(t, config).Send(t.Context(), message(1))
	require.Equal(t, alerting.Failed, out.State)
	require.True(t, out.Retry)
	require.Zero(t, out.PauseChannel)
	require.Equal(t, "unreachable", out.Code)
}

func TestAddressThatIsNoneFailsWithoutACall(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	m := message(1)
	m.To = "clerk@boston.example>\r\nRCPT TO:<everyone@boston.example"
	out := open(t, configure(t, server)).Send(t.Context(), m)
	require.Equal(t, alerting.Failed, out.State)
	require.False(t, out.Retry)
	require.Zero(t, server.Connections())
}

// A caller that stops waiting gets an answer soon: before the final dot that nothing was sent, after
// it that nobody knows.
func TestCallerStopsWaiting(t *testing.T) {
	for name, test := range map[string]struct {
		at   smtpsim.Point
		want alerting.State
	}{
		"before the mail": {smtpsim.AtRcpt, alerting.Failed},
		"after the mail":  {smtpsim.AtContent, alerting.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := run(t, &smtpsim.Server{})
			server.Inject(smtpsim.Fault{At: test.at, Do: smtpsim.Hang})
			channel := open(t, configure(t, server, func(c *email.Config) { c.Timeout = time.Minute }))
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			out := channel.Send(ctx, message(1))
			require.Equal(t, test.want, out.State)
			require.Equal(t, test.want == alerting.Failed, out.Retry)
			require.Equal(t, "stopped", out.Code)
		})
	}
}

// A message is taken although the caller left while the verdict was on its way.
func TestVerdictIsWaitedForALittle(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := run(t, &smtpsim.Server{OnMail: func(smtpsim.Mail) { cancel() }})
	out := open(t, configure(t, server)).Send(ctx, message(1))
	require.Equal(t, alerting.Accepted, out.State, out.Reason)
	require.Len(t, server.Mails(), 1)
}

// A process that was stopped in the middle of a mail, and wakes when another one sends, asks before the
// final dot and leaves it off.
func TestAMailIsNotCompletedWithoutTheRightTo(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	channel := open(t, configure(t, server))
	out := channel.SendWhile(t.Context(), message(1), func() bool { return false })
	require.Equal(t, alerting.Failed, out.State)
	require.True(t, out.Retry)
	require.Empty(t, server.Mails())
	out = channel.SendWhile(t.Context(), message(2), func() bool { return true })
	require.Equal(t, alerting.Accepted, out.State, out.Reason)
	require.Len(t, server.Mails(), 1)
}

var _ channels.Careful = (*email.Channel)(nil)
