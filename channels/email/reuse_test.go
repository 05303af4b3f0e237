package email_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/smtpsim"
)

func TestConnectionIsReused(t *testing.T) {
	server := run(t, &smtpsim.Server{TLS: smtpsim.StartTLS, Username: user, Password: password})
	channel := open(t, configure(t, server))
	for attempt := range 20 {
		require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(attempt+1)).State)
	}
	require.Len(t, server.Mails(), 20)
	require.Equal(t, 1, server.Connections())
}

// A recipient that is refused costs no connection, nor does a mail that is.
func TestConnectionSurvivesRefusals(t *testing.T) {
	for _, at := range []smtpsim.Point{smtpsim.AtRcpt, smtpsim.AtContent} {
		t.Run(string(at), func(t *testing.T) {
			server := run(t, &smtpsim.Server{})
			channel := open(t, configure(t, server))
			fault := refuse(at, 550, "5.1.1", "no such user")
			fault.Times = 1
			server.Inject(fault)
			require.Equal(t, alerting.Failed, channel.Send(t.Context(), message(1)).State)
			require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(2)).State)
			require.Equal(t, 1, server.Connections())
			require.Len(t, server.Mails(), 1)
		})
	}
}

// A server that drops the connection at RSET changes nothing of what it said before.
func TestResetMayFail(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	channel := open(t, configure(t, server))
	server.Inject(refuse(smtpsim.AtRcpt, 550, "5.1.1", "no such user"), smtpsim.Fault{At: smtpsim.AtReset, Do: smtpsim.Cut})
	out := channel.Send(t.Context(), message(1))
	require.Equal(t, alerting.Failed, out.State)
	require.Equal(t, "5.1.1", out.Code)
	require.False(t, out.Retry)
	server.Heal()
	require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(2)).State)
	require.Equal(t, 2, server.Connections())
}

// A connection that the server gave up while it waited costs neither the message nor a duplicate.
func TestDeadConnectionIsReplaced(t *testing.T) {
	for name, fault := range map[string]smtpsim.Fault{
		"cut":               {At: smtpsim.AtMail, Do: smtpsim.Cut, Times: 1},
		"421 while waiting": {At: smtpsim.AtMail, Reply: smtpsim.Reply{Code: 421, Status: "4.4.2", Text: "idle"}, Times: 1},
		"mails used up":     {At: smtpsim.AtMail, Reply: smtpsim.Reply{Code: 452, Status: "4.5.3", Text: "too many"}, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := run(t, &smtpsim.Server{})
			channel := open(t, configure(t, server))
			require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(1)).State)
			server.Inject(fault)
			out := channel.Send(t.Context(), message(2))
			require.Equal(t, alerting.Accepted, out.State, out.Reason)
			require.Len(t, server.Mails(), 2)
			require.Equal(t, 2, server.Connections())
		})
	}
}

func TestRestartedServerIsFoundAgain(t *testing.T) {
	first := &smtpsim.Server{}
	require.NoError(t, first.Start())
	channel := open(t, configure(t, first))
	require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(1)).State)
	first.Stop()
	second := run(t, &smtpsim.Server{Addr: first.Address()})
	out := channel.Send(t.Context(), message(2))
	require.Equal(t, alerting.Accepted, out.State, out.Reason)
	require.Len(t, second.Mails(), 1)
}

// A mail that was cut short must never be completed by what is written next.
func TestConnectionIsDroppedAfterADoubt(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	channel := open(t, configure(t, server))
	server.Inject(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Cut, Times: 1})
	require.Equal(t, alerting.Unknown, channel.Send(t.Context(), message(1)).State)
	require.Len(t, server.Mails(), 1, "an unknown outcome is not sent again by the channel itself")
	require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(2)).State)
	require.Equal(t, 2, server.Connections())
}

func TestConcurrentSendsKeepToTheirConnections(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	channel := open(t, configure(t, server))
	server.SetLatency(time.Millisecond)
	var group sync.WaitGroup
	for worker := range channel.Limits().Concurrency {
		group.Go(func() {
			for n := range 5 {
				out := channel.Send(t.Context(), message(worker*5+n+1))
				if out.State != alerting.Accepted {
					t.Errorf("%s: %s", out.State, out.Reason)
				}
			}
		})
	}
	group.Wait()
	require.Len(t, server.Mails(), 5*channel.Limits().Concurrency)
	require.LessOrEqual(t, server.Connections(), channel.Limits().Concurrency)
}

func TestCloseLeavesNoConnection(t *testing.T) {
	for _, fault := range []smtpsim.Fault{{}, {At: smtpsim.AtQuit, Do: smtpsim.Cut}} {
		server := run(t, &smtpsim.Server{})
		server.Inject(fault)
		channel := open(t, configure(t, server))
		require.Equal(t, alerting.Accepted, channel.Send(t.Context(), message(1)).State)
		require.Equal(t, 1, server.Open())
		require.NoError(t, channel.Close())
		require.Eventually(t, func() bool { return server.Open() == 0 }, 5*time.Second, 5*time.Millisecond)
	}
}
