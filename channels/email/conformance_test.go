package email_test

import (
	"slices"
	"testing"

	"revere/channels/channelstest"
	"revere/channels/email"
	"revere/integration/smtpsim"
)

// The channel keeps what every channel promises. What SMTP can't do is skipped: it never asks for a
// certain wait, can't be asked what became of a mail, and has no requests over HTTP.
func TestConformance(t *testing.T) {
	channelstest.Run(t, channelstest.Harness{
		Kind:      email.Kind,
		Valid:     clerk,
		Spellings: []string{"clerk@Boston.Example"},
		Invalid:   "clerk@boston",
		Secrets:   []string{password},
		Open:      fixture,
	})
}

func fixture(tb testing.TB) *channelstest.Fixture {
	server := run(tb, &smtpsim.Server{TLS: smtpsim.StartTLS, Username: user, Password: password})
	fault := func(f smtpsim.Fault) func() { return func() { server.Inject(f) } }
	return &channelstest.Fixture{
		Channel: open(tb, configure(tb, server, withBounces)),
		Taken: func(address string) int {
			taken := 0
			for _, mail := range server.Mails() {
				if slices.Contains(mail.To, address) {
					taken++
				}
			}
			return taken
		},
		Refuse:           fault(refuse(smtpsim.AtRcpt, 550, "5.1.1", "no such user")),
		FailTemporarily:  fault(refuse(smtpsim.AtRcpt, 450, "4.2.1", "mailbox busy")),
		Hang:             fault(smtpsim.Fault{At: smtpsim.AtContent, Do: smtpsim.Hang}),
		CutBefore:        fault(smtpsim.Fault{At: smtpsim.AtContent, Do: smtpsim.Cut}),
		CutAfter:         fault(smtpsim.Fault{At: smtpsim.AfterContent, Do: smtpsim.Cut}),
		Down:             server.Stop,
		WrongCredentials: fault(refuse(smtpsim.AtAuth, 535, "5.7.8", "authentication failed")),
	}
}
