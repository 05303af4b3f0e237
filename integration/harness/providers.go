package harness

import (
	"strconv"
	"strings"
	"testing"

	"revere/integration/signalsim"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
)

// What the service and its providers know of each other. The secrets are such that a search of a log
// finds them and nothing else.
const (
	SMSNumber    = "+16175550100"
	SignalNumber = "+16175550199"
	AccountSID   = "AC0123456789abcdef0123456789abcdef"
	AuthToken    = "canaryauthtoken0123456789abcdef"
	WebhookToken = "canarywebhooktoken0123456789"
	MailPassword = "canarymailpassword0123456789"
	mailUser     = "revere"
	mailFrom     = "MA State SOC <soc@sec.state.ma.example>"
	bounceFrom   = "bounces@sec.state.ma.example"
)

// Providers are the stand-ins of one world.
type Providers struct {
	Twilio *twiliosim.Server
	SMTP   *smtpsim.Server
	Signal *signalsim.Server
}

func startProviders(t testing.TB) Providers {
	t.Helper()
	p := Providers{
		Twilio: &twiliosim.Server{AccountSID: AccountSID, AuthToken: AuthToken, Numbers: []string{SMSNumber}},
		SMTP:   &smtpsim.Server{Username: mailUser, Password: MailPassword},
		Signal: signalsim.New(signalsim.Config{Number: SignalNumber}),
	}
	for _, start := range []func() error{p.Twilio.Start, p.SMTP.Start, p.Signal.Start} {
		if err := start(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(p.Twilio.Stop)
	t.Cleanup(p.SMTP.Stop)
	t.Cleanup(p.Signal.Stop)
	return p
}

// at tells the providers where the service is.
func (p Providers) at(publicURL string) {
	p.Twilio.SetInboundURL(publicURL + "/webhooks/twilio/messages")
	p.Signal.SetWebhook(publicURL + "/webhooks/signal/" + WebhookToken)
}

// settings are what the service is told of them.
func (p Providers) settings() map[string]string {
	return map[string]string{
		"CHANNELS__SMS__ACCOUNT_SID": AccountSID, "CHANNELS__SMS__AUTH_TOKEN": AuthToken, "CHANNELS__SMS__FROM": SMSNumber,
		"CHANNELS__SMS__BASE_URL": p.Twilio.URL(), "CHANNELS__SMS__RATE": "500", "CHANNELS__SMS__RECONCILE_AFTER": "1s", "CHANNELS__SMS__TIMEOUT": "2s",
		"CHANNELS__EMAIL__HOST": p.SMTP.Host(), "CHANNELS__EMAIL__PORT": strconv.Itoa(p.SMTP.Port()), "CHANNELS__EMAIL__TLS": "none",
		"CHANNELS__EMAIL__USERNAME": mailUser, "CHANNELS__EMAIL__PASSWORD": MailPassword, "CHANNELS__EMAIL__FROM": mailFrom,
		"CHANNELS__EMAIL__BOUNCE_ADDRESS": bounceFrom, "CHANNELS__EMAIL__RATE": "200", "CHANNELS__EMAIL__TIMEOUT": "2s", "CHANNELS__EMAIL__RECONCILE_AFTER": "1s",
		"CHANNELS__SIGNAL__URL": p.Signal.URL(), "CHANNELS__SIGNAL__NUMBER": SignalNumber, "CHANNELS__SIGNAL__WEBHOOK_TOKEN": WebhookToken,
		"CHANNELS__SIGNAL__RATE": "50", "CHANNELS__SIGNAL__RECONCILE_AFTER": "1s", "CHANNELS__SIGNAL__TIMEOUT": "2s",
	}
}

// SMS returns the texts that were sent to a number, oldest first.
func (p Providers) SMS(to string) []string {
	var texts []string
	for _, m := range p.Twilio.Messages() {
		if m.To == to {
			texts = append(texts, m.Body)
		}
	}
	return texts
}

// Mails returns the mails that were sent to an address, oldest first.
func (p Providers) Mails(to string) []smtpsim.Mail {
	var mails []smtpsim.Mail
	for _, m := range p.SMTP.Mails() {
		if len(m.To) == 1 && strings.EqualFold(m.To[0], to) {
			mails = append(mails, m)
		}
	}
	return mails
}
