// Package demo tells the main job of Revere as a story that really happens: a service on an
// embedded engine, a sample directory, stand-ins for the providers, and people who answer.
// Nothing leaves the machine.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/channels"
	"revere/cmd/revere/client"
	"revere/cmd/service"
	"revere/config"
	"revere/integration/signalsim"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
)

// The sender's addresses in the demo.
const (
	smsNumber    = "+16175550100"
	signalNumber = "+16175550199"
	accountSID   = "AC00000000000000000000000000000000"
)

// A world is everything that the demo runs.
type world struct {
	dir     string
	twilio  *twiliosim.Server
	smtp    *smtpsim.Server
	signal  *signalsim.Server
	service *service.Service
	api     *client.Client
	token   string
}

// newWorld starts the stand-ins and the service. seen hears of every message.
func newWorld(ctx context.Context, o Options, seen func(message)) (_ *world, err error) {
	w := &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "revere-demo-"); err != nil {
		return nil, err
	}
	if err := w.startProviders(seen); err != nil {
		return nil, err
	}
	if err := w.startService(ctx, o); err != nil {
		return nil, err
	}
	w.twilio.SetInboundURL(w.service.PublicURL() + "/webhooks/twilio/messages")
	w.signal.SetWebhook(w.service.PublicURL() + "/webhooks/signal/" + webhookToken)
	raw, err := os.ReadFile(service.AdminTokenFile(w.dir))
	if err != nil {
		return nil, err
	}
	w.token = strings.TrimSpace(string(raw))
	w.api, err = client.New(w.service.URL(), w.token)
	return w, err
}

// webhookToken is the demo's own, made anew at each start.
var webhookToken = strings.ToLower(rand.Text())

func (w *world) startProviders(seen func(message)) error {
	secret := make([]byte, 16)
	rand.Read(secret)
	w.twilio = &twiliosim.Server{AccountSID: accountSID, AuthToken: hex.EncodeToString(secret), Numbers: []string{smsNumber}}
	w.twilio.OnMessage = func(m twiliosim.Message) { seen(message{"sms", m.To, m.Body, ""}) }
	if err := w.twilio.Start(); err != nil {
		return err
	}
	w.smtp = &smtpsim.Server{TLS: smtpsim.StartTLS, Username: "revere", Password: rand.Text()}
	w.smtp.OnMail = func(m smtpsim.Mail) { seen(message{"email", m.To[0], m.Text, m.Get("Subject")}) }
	if err := w.smtp.Start(); err != nil {
		return err
	}
	w.signal = signalsim.New(signalsim.Config{Number: signalNumber})
	w.signal.OnMessage(func(m signalsim.Message) { seen(message{"signal", m.To, m.Text, strconv.FormatInt(m.Timestamp, 10)}) })
	return w.signal.Start()
}

func (w *world) startService(ctx context.Context, o Options) error {
	authority := filepath.Join(w.dir, "mail-ca.pem")
	if err := os.WriteFile(authority, w.smtp.CertPEM(), 0o600); err != nil {
		return err
	}
	settings := map[string]string{
		"DATA_DIR": w.dir, "HTTP__LISTEN": freeOr(o.Listen), "NATS__LISTEN": freeOr(o.NATSListen),
		"SENDER_NAME": "MA State SOC", "DESK_PHONE": "+16175550100", "LOG__LEVEL": "error",
		"CHANNELS__FALLBACK_AFTER__SEVERE": "3s",
		"CHANNELS__SMS__ACCOUNT_SID":       w.twilio.AccountSID, "CHANNELS__SMS__AUTH_TOKEN": w.twilio.AuthToken,
		"CHANNELS__SMS__FROM": smsNumber, "CHANNELS__SMS__BASE_URL": w.twilio.URL(), "CHANNELS__SMS__RATE": "20",
		"CHANNELS__EMAIL__HOST": w.smtp.Host(), "CHANNELS__EMAIL__PORT": strconv.Itoa(w.smtp.Port()), "CHANNELS__EMAIL__CA_FILE": authority,
		"CHANNELS__EMAIL__USERNAME": w.smtp.Username, "CHANNELS__EMAIL__PASSWORD": w.smtp.Password, "CHANNELS__EMAIL__FROM": "MA State SOC <soc@sec.state.ma.example>",
		"CHANNELS__SIGNAL__URL": w.signal.URL(), "CHANNELS__SIGNAL__NUMBER": signalNumber, "CHANNELS__SIGNAL__WEBHOOK_TOKEN": webhookToken, "CHANNELS__SIGNAL__RATE": "5",
	}
	environ := make([]string, 0, len(settings))
	for key, value := range settings {
		environ = append(environ, "REVERE_"+key+"="+value)
	}
	c, err := config.Load("", environ, config.Sections(o.Kinds))
	if err != nil {
		return err
	}
	log := zerolog.New(os.Stderr).Level(zerolog.ErrorLevel).With().Timestamp().Logger()
	w.service, err = service.Start(ctx, service.Options{Config: c, Kinds: o.Kinds, Log: log, Version: "demo"})
	return err
}

// freeOr is the address, or the same host with any free port when something else has it: a demo
// must not fail because a service runs beside it.
func freeOr(address string) string {
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
		return address
	}
	host, _, _ := net.SplitHostPort(address)
	return net.JoinHostPort(host, "0")
}

func (w *world) stop() error {
	var errs []error
	if w.service != nil {
		errs = append(errs, w.service.Stop())
	}
	if w.twilio != nil {
		w.twilio.Stop()
	}
	if w.smtp != nil {
		w.smtp.Stop()
	}
	if w.signal != nil {
		w.signal.Stop()
	}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

// A message is what one of the stand-ins was given. Detail is a mail's subject or a Signal
// message's timestamp.
type message struct {
	channel, to, text, detail string
}

// Options are what the demo is started with.
type Options struct {
	// Once ends the demo when the story is complete.
	Once bool
	// Listen and NATSListen are the wished addresses; a free port stands in for one that is taken.
	Listen, NATSListen string
	// Speed is how many times faster than life the people answer; 1 is as in life.
	Speed float64
	Kinds []channels.Kind
}

// atFault says what did not happen as the story has it.
func atFault(format string, args ...any) error {
	return alerting.Errorf(alerting.CodeUnavailable, "the story did not come to its end: %s", fmt.Sprintf(format, args...))
}
