package email_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels/channelstest"
	"revere/channels/email"
	"revere/integration/smtpsim"
)

func withBounces(c *email.Config) {
	c.BounceAddress, c.Listen = "bounces@soc.example", "127.0.0.1:0"
}

// serve takes bounces for the length of the test, and returns where.
func serve(t *testing.T, channel *email.Channel, inbox *channelstest.Inbox) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- channel.Serve(ctx, listener, inbox) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done, "a listener that is told to stop has not failed")
	})
	return listener.Addr().String()
}

// Each action of a real report, over real sockets, becomes the fact that it is and no more.
func TestReportsComeBack(t *testing.T) {
	for _, test := range []struct {
		action, status string
		want           []alerting.State
	}{
		{"failed", "5.1.1", []alerting.State{alerting.Undelivered}},
		{"failed", "4.4.7", []alerting.State{alerting.Undelivered}},
		{"delayed", "4.4.1", nil},
		{"relayed", "2.0.0", []alerting.State{alerting.Sent}},
		{"expanded", "2.0.0", []alerting.State{alerting.Sent}},
		{"delivered", "2.1.5", []alerting.State{alerting.Delivered}},
	} {
		t.Run(test.action+" "+test.status, func(t *testing.T) {
			server := run(t, &smtpsim.Server{})
			channel := open(t, configure(t, server, withBounces))
			inbox := new(channelstest.Inbox)
			addr := serve(t, channel, inbox)
			m := message(2)
			require.Equal(t, alerting.Accepted, channel.Send(t.Context(), m).State)
			sent := server.Mails()[0]

			require.NoError(t, server.Report(t.Context(), addr, sent, test.action, test.status))
			require.NoError(t, server.Report(t.Context(), addr, sent, test.action, test.status), "mail systems repeat themselves")
			facts := inbox.Facts()
			require.Len(t, facts, 2*len(test.want))
			for _, fact := range facts {
				require.Equal(t, alerting.InboundReceipt, fact.Kind)
				require.Equal(t, email.Name, fact.Channel)
				require.Equal(t, m.Ref.String(), fact.Ref)
				require.Equal(t, test.want[0], fact.State)
				require.Equal(t, test.status, fact.Code)
				require.NotEmpty(t, fact.Reason)
				require.Equal(t, facts[0].ID, fact.ID, "the same fact twice has the same id")
				require.WithinDuration(t, time.Now(), fact.At, time.Minute)
			}
		})
	}
}

// Reports are asked for where they reach someone, and return the headers, not the alert.
func TestReportsAreAskedFor(t *testing.T) {
	got, _ := deliver(t, message(1))
	require.Empty(t, got.Notify)
	got, _ = deliver(t, message(1), func(c *email.Config) { c.BounceAddress = "bounces@soc.example" })
	require.Equal(t, []string{"FAILURE"}, got.Notify)
	require.Equal(t, "HDRS", got.Return)
	got, _ = deliver(t, message(1), withBounces)
	require.Equal(t, []string{"SUCCESS", "FAILURE"}, got.Notify)
	require.Equal(t, "HDRS", got.Return)
}

func TestBounceRoundTrip(t *testing.T) {
	server := run(t, &smtpsim.Server{TLS: smtpsim.StartTLS, Username: user, Password: password})
	channel := open(t, configure(t, server, withBounces))
	inbox := new(channelstest.Inbox)
	addr := serve(t, channel, inbox)
	m := message(1)
	require.Equal(t, alerting.Accepted, channel.Send(t.Context(), m).State)
	require.NoError(t, server.Bounce(t.Context(), addr, server.Mails()[0], "5.1.1"))
	require.Len(t, inbox.Facts(), 1)
	fact := inbox.Facts()[0]
	require.Equal(t, alerting.Undelivered, fact.State)
	ref, err := alerting.ParseRef(fact.Ref)
	require.NoError(t, err)
	require.Equal(t, m.Ref, ref)
	require.Contains(t, fact.Reason, "550 5.1.1")
}

// A report that could not be kept is not taken, so that the mail system brings it again.
func TestReportIsDurableBeforeItIsTaken(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	channel := open(t, configure(t, server, withBounces))
	inbox := new(channelstest.Inbox)
	addr := serve(t, channel, inbox)
	require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(1)).State)
	inbox.FailWith(errors.New("the engine is away"))
	require.ErrorContains(t, server.Bounce(t.Context(), addr, server.Mails()[0], "5.1.1"), "451")
	inbox.FailWith(nil)
	require.NoError(t, server.Bounce(t.Context(), addr, server.Mails()[0], "5.1.1"))
	require.Len(t, inbox.Facts(), 1)
}

func TestOnlyEnvelopeSendersOfOursAreTaken(t *testing.T) {
	channel := open(t, configure(t, run(t, &smtpsim.Server{}), withBounces))
	inbox := new(channelstest.Inbox)
	addr := serve(t, channel, inbox)
	ref := message(1).Ref.String()
	for _, to := range []string{
		"bounces@soc.example", "alerts@soc.example", "bounces+@soc.example", "bounces+guess@soc.example",
		"bounces+" + ref + "@other.example", "other+" + ref + "@soc.example", "bounces+" + ref + "-9@soc.example",
		`"bounces+a.*.` + ref + `"@soc.example`, "bounces+-" + ref[6:] + "@soc.example",
	} {
		err := smtpsim.Deliver(t.Context(), addr, "", to, report("failed", "5.1.1"))
		require.ErrorContains(t, err, "Only reports", to)
	}
	require.Empty(t, inbox.Facts())
	folded := strings.ToUpper("bounces+" + ref + "@soc.example")
	require.NoError(t, smtpsim.Deliver(t.Context(), addr, "", folded, report("failed", "5.1.1")))
	require.Equal(t, ref, inbox.Facts()[0].Ref, "mail systems fold case")
}

// What is no report changes nothing: machines' answers are dropped, the rest is kept as refused.
func TestMailThatIsNoReport(t *testing.T) {
	head := "From: a@boston.example\r\nSubject: Re: alert\r\n"
	for name, test := range map[string]struct {
		data    string
		refused bool
	}{
		"out of office":  {head + "Auto-Submitted: auto-replied\r\n\r\nI am away.\r\n", false},
		"old vacation":   {head + "Precedence: bulk\r\n\r\nI am away.\r\n", false},
		"read receipt":   {head + "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nread\r\n--b--\r\n", false},
		"a person":       {head + "Auto-Submitted: no\r\n\r\nACK K7Q\r\n", true},
		"empty":          {"\r\n", true},
		"unknown action": {string(report("lost", "5.0.0")), true},
		"no recipient":   {string(report("", "5.0.0")), true},
	} {
		t.Run(name, func(t *testing.T) {
			channel := open(t, configure(t, run(t, &smtpsim.Server{}), withBounces))
			inbox := new(channelstest.Inbox)
			addr := serve(t, channel, inbox)
			ref := message(1).Ref.String()
			require.NoError(t, smtpsim.Deliver(t.Context(), addr, "", "bounces+"+ref+"@soc.example", []byte(test.data)))
			if !test.refused {
				require.Empty(t, inbox.Facts())
				return
			}
			require.Len(t, inbox.Facts(), 1)
			fact := inbox.Facts()[0]
			require.Equal(t, alerting.InboundRefused, fact.Kind)
			require.Equal(t, ref, fact.Ref)
			require.NotEmpty(t, fact.Reason)
			require.NotContains(t, fact.Reason, "K7Q", "what people wrote is not repeated")
		})
	}
}

// A report tells what it tells although the mail that it returns is longer than what is read.
func TestLongReport(t *testing.T) {
	channel := open(t, configure(t, run(t, &smtpsim.Server{}), withBounces))
	inbox := new(channelstest.Inbox)
	addr := serve(t, channel, inbox)
	to := "bounces+" + message(1).Ref.String() + "@soc.example"
	line := strings.Repeat("x", 70) + "\r\n"
	long := append(report("failed", "5.2.2"), strings.Repeat(line, 10_000)...)
	require.NoError(t, smtpsim.Deliver(t.Context(), addr, "", to, long))
	require.Len(t, inbox.Facts(), 1)
	require.Equal(t, "5.2.2", inbox.Facts()[0].Code)
	endless := append(report("failed", "5.2.2"), strings.Repeat(line, 70_000)...)
	require.ErrorContains(t, smtpsim.Deliver(t.Context(), addr, "", to, endless), "552")
	require.Len(t, inbox.Facts(), 1)
}

func TestListenSaysWhenItCannot(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	channel := open(t, configure(t, run(t, &smtpsim.Server{}), withBounces, func(c *email.Config) { c.Listen = taken.Addr().String() }))
	require.ErrorContains(t, channel.Listen(t.Context(), new(channelstest.Inbox)), taken.Addr().String())
}

// report is a delivery status notification with one recipient.
func report(action, status string) []byte {
	fields := fmt.Sprintf("Final-Recipient: rfc822; %s\r\nStatus: %s\r\n", clerk, status)
	if action != "" {
		fields += "Action: " + action + "\r\n"
	}
	return []byte(strings.ReplaceAll(`From: MAILER-DAEMON@boston.example
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; boston.example

`, "\n", "\r\n") + fields + "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: returned\r\n\r\n")
}
