package smtpsim_test

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"revere/integration/smtpsim"
)

const letter = "From: a@x.example\r\nTo: b@y.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n" +
	"--b\r\nContent-Type: text/html\r\n\r\n<p>hi</p>\r\n--b--\r\n"

func run(t *testing.T, server *smtpsim.Server) *smtpsim.Server {
	t.Helper()
	require.NoError(t, server.Start())
	t.Cleanup(server.Stop)
	return server
}

// dial connects as a client would in the server's mode of encryption.
func dial(t *testing.T, server *smtpsim.Server) *smtp.Client {
	t.Helper()
	config := &tls.Config{ServerName: server.Host(), RootCAs: server.CertPool()}
	var client *smtp.Client
	var err error
	switch server.TLS {
	case smtpsim.StartTLS:
		client, err = smtp.DialStartTLS(server.Address(), config)
	case smtpsim.ImplicitTLS:
		client, err = smtp.DialTLS(server.Address(), config)
	default:
		client, err = smtp.Dial(server.Address())
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func send(client *smtp.Client, to string) error {
	return client.SendMail("a@x.example", []string{to}, strings.NewReader(letter))
}

func TestMailIsKeptAsItCame(t *testing.T) {
	for _, mode := range []smtpsim.TLSMode{smtpsim.NoTLS, smtpsim.StartTLS, smtpsim.ImplicitTLS} {
		t.Run(string(mode), func(t *testing.T) {
			heard := make(chan smtpsim.Mail, 1)
			server := run(t, &smtpsim.Server{TLS: mode, OnMail: func(m smtpsim.Mail) { heard <- m }})
			require.NoError(t, send(dial(t, server), "b@y.example"))
			got := <-heard
			require.Equal(t, "a@x.example", got.From)
			require.Equal(t, []string{"b@y.example"}, got.To)
			require.Equal(t, letter, string(got.Data))
			require.Equal(t, "café", got.Get("Subject"))
			require.Equal(t, "café", strings.TrimSpace(got.Text))
			require.Equal(t, "<p>hi</p>", strings.TrimSpace(got.HTML))
			got.Data[0], got.To[0], got.Header["Subject"][0] = 'X', "changed", "changed"
			require.Equal(t, letter, string(server.Mails()[0].Data), "what a caller gets is its own")
			require.Equal(t, "café", server.Mails()[0].Get("Subject"))
		})
	}
}

func TestAuthentication(t *testing.T) {
	for name, test := range map[string]struct {
		auth sasl.Client
		want int // the refusal; 0: none
	}{
		"plain":             {sasl.NewPlainClient("", "u", "p"), 0},
		"login":             {sasl.NewLoginClient("u", "p"), 0},
		"plain, wrong":      {sasl.NewPlainClient("", "u", "q"), 535},
		"login, wrong":      {sasl.NewLoginClient("v", "p"), 535},
		"unknown mechanism": {sasl.NewExternalClient(""), 504},
		"no authentication": {nil, 530},
	} {
		t.Run(name, func(t *testing.T) {
			server := run(t, &smtpsim.Server{TLS: smtpsim.StartTLS, Username: "u", Password: "p"})
			client := dial(t, server)
			var err error
			if test.auth != nil {
				err = client.Auth(test.auth)
			} else {
				err = send(client, "b@y.example")
			}
			requireCode(t, test.want, err)
		})
	}
}

func TestStartTLSIsDemanded(t *testing.T) {
	server := run(t, &smtpsim.Server{TLS: smtpsim.StartTLS})
	client, err := smtp.Dial(server.Address())
	require.NoError(t, err)
	defer client.Close()
	requireCode(t, 530, send(client, "b@y.example"))
}

func requireCode(t *testing.T, want int, err error) {
	t.Helper()
	if want == 0 {
		require.NoError(t, err)
		return
	}
	var refused *smtp.SMTPError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, want, refused.Code)
}

func TestRefusals(t *testing.T) {
	for _, at := range []smtpsim.Point{smtpsim.AtMail, smtpsim.AtRcpt, smtpsim.AtData, smtpsim.AtContent} {
		t.Run(string(at), func(t *testing.T) {
			server := run(t, &smtpsim.Server{})
			server.Inject(smtpsim.Fault{At: at, Reply: smtpsim.Reply{Code: 552, Status: "5.2.2", Text: "full"}, Times: 1})
			err := send(dial(t, server), "b@y.example")
			var refused *smtp.SMTPError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, 552, refused.Code)
			require.Equal(t, smtp.EnhancedCode{5, 2, 2}, refused.EnhancedCode)
			require.Empty(t, server.Mails())
			require.NoError(t, send(dial(t, server), "b@y.example"), "once was enough")
		})
	}
}

func TestFaultForOneRecipient(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	server.Inject(smtpsim.Fault{At: smtpsim.AtRcpt, To: "dead@y.example", Reply: smtpsim.Reply{Code: 550, Status: "5.1.1", Text: "gone"}})
	client := dial(t, server)
	requireCode(t, 550, send(client, "Dead@y.example"))
	require.NoError(t, client.Reset())
	require.NoError(t, send(client, "alive@y.example"))
	server.Heal()
	require.NoError(t, send(client, "dead@y.example"))
}

func TestCutsLeaveNoAnswer(t *testing.T) {
	for at, taken := range map[smtpsim.Point]int{
		smtpsim.AtRcpt: 0, smtpsim.AtData: 0, smtpsim.AtContent: 0, smtpsim.AfterContent: 1,
	} {
		t.Run(string(at), func(t *testing.T) {
			server := run(t, &smtpsim.Server{})
			server.Inject(smtpsim.Fault{At: at, Do: smtpsim.Cut})
			err := send(dial(t, server), "b@y.example")
			require.Error(t, err)
			var refused *smtp.SMTPError
			require.False(t, errors.As(err, &refused), "a cut is no answer: %v", err)
			require.Len(t, server.Mails(), taken)
		})
	}
}

func TestEndsOfTheConversation(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	server.Inject(smtpsim.Fault{At: smtpsim.AtReset, Do: smtpsim.Cut}, smtpsim.Fault{At: smtpsim.AtQuit, Do: smtpsim.Cut})
	client := dial(t, server)
	require.NoError(t, send(client, "b@y.example"), "the end of a mail is no RSET")
	require.NoError(t, send(client, "b@y.example"))
	require.Error(t, client.Reset())
	require.Error(t, dial(t, server).Quit())
}

func TestHangEndsWithTheServer(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	server.Inject(smtpsim.Fault{At: smtpsim.AtContent, Do: smtpsim.Hang})
	done := make(chan error, 1)
	client := dial(t, server)
	go func() { done <- send(client, "b@y.example") }()
	select {
	case err := <-done:
		t.Fatalf("it hangs, and answered %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	server.Stop()
	require.Error(t, <-done)
}

func TestGreeting(t *testing.T) {
	server := run(t, &smtpsim.Server{MaxConnections: 1})
	first := dial(t, server)
	require.NoError(t, first.Noop())
	requireGreeting(t, server, "421 4.7.0")
	require.NoError(t, first.Quit())
	require.Eventually(t, func() bool { return server.Open() == 0 }, time.Second, time.Millisecond)
	require.NoError(t, dial(t, server).Noop())
	require.Equal(t, 3, server.Connections())

	other := run(t, &smtpsim.Server{})
	other.Inject(smtpsim.Fault{At: smtpsim.AtGreeting, Reply: smtpsim.Reply{Code: 554, Text: "no"}})
	requireGreeting(t, other, "554 no")
}

func requireGreeting(t *testing.T, server *smtpsim.Server, want string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Address())
	require.NoError(t, err)
	defer conn.Close()
	buffer := make([]byte, 100)
	n, err := conn.Read(buffer)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(buffer[:n]), want), "%q", buffer[:n])
}

func TestLatency(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	client := dial(t, server)
	require.NoError(t, client.Noop())
	server.SetLatency(30 * time.Millisecond)
	began := time.Now()
	require.NoError(t, client.Noop())
	require.GreaterOrEqual(t, time.Since(began), 30*time.Millisecond)
}

func TestStartSaysWhyItCannot(t *testing.T) {
	server := run(t, &smtpsim.Server{})
	require.ErrorContains(t, (&smtpsim.Server{Addr: server.Address()}).Start(), server.Address())
}

// A report goes to the envelope sender, from nobody, and holds what RFC 3464 wants.
func TestBounce(t *testing.T) {
	var taken atomic.Int32
	home := run(t, &smtpsim.Server{OnMail: func(smtpsim.Mail) { taken.Add(1) }})
	server := run(t, &smtpsim.Server{})
	require.NoError(t, send(dial(t, server), "b@y.example"))
	require.NoError(t, server.Bounce(t.Context(), home.Address(), server.Mails()[0], "5.1.1"))
	require.EqualValues(t, 1, taken.Load())
	got := home.Mails()[0]
	require.Empty(t, got.From)
	require.Equal(t, []string{"a@x.example"}, got.To)
	require.Contains(t, got.Get("Content-Type"), "report-type=delivery-status")
	for _, field := range []string{"Content-Type: message/delivery-status", "Action: failed", "Status: 5.1.1", "Final-Recipient: rfc822; b@y.example", "Diagnostic-Code: smtp; 550 5.1.1"} {
		require.Contains(t, string(got.Data), field)
	}
	home.Stop()
	require.ErrorContains(t, server.Bounce(t.Context(), home.Address(), got, "5.1.1"), home.Address())
}
