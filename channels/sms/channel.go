// Package sms is the SMS channel, by way of Twilio's messaging API. It sends, receives Twilio's
// signed receipts and people's replies, and can ask Twilio what became of an attempt.
package sms

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"
	"golang.org/x/time/rate"

	"revere/alerting"
	"revere/alerting/gsm7"
	"revere/channels"
)

// Kind is the SMS channel as Revere can be configured with it.
var Kind = channels.Kind{
	Name:         name,
	Defaults:     defaults,
	ParseAddress: parseAddress,
	Open:         open,
}

const name = "sms"

// maxValidity is the longest that Twilio keeps a message in its queue
// (https://www.twilio.com/docs/messaging/api/message-resource, ValidityPeriod).
const maxValidity = 36000 * time.Second

type channel struct {
	config    Config
	env       channels.Environment
	baseURL   *url.URL
	header    http.Header // of every request; never changed
	transport http.RoundTripper
	// refusals limits what a stranger can make us write down.
	refusals *rate.Limiter
}

var _ interface {
	channels.Channel
	channels.Reconciler
	channels.Inquirer
	channels.Receiver
} = (*channel)(nil)

func open(c channels.Config, env channels.Environment) (channels.Channel, error) {
	config, ok := c.(*Config)
	if !ok {
		return nil, fmt.Errorf("the sms channel was given a %T as its configuration", c)
	}
	baseURL, err := url.Parse(config.baseURL())
	if err != nil {
		return nil, fmt.Errorf("base_url %q is not an address", config.BaseURL)
	}
	env.PublicURL = strings.TrimRight(env.PublicURL, "/")
	return &channel{
		config:    *config,
		env:       env,
		baseURL:   baseURL,
		header:    newHeader(*config),
		transport: newTransport(config.Concurrency),
		refusals:  rate.NewLimiter(10, 10),
	}, nil
}

// Name is "sms".
func (c *channel) Name() string { return name }

// Format is the short text.
func (c *channel) Format() alerting.Format { return alerting.Short }

// Limits are the configuration's.
func (c *channel) Limits() channels.Limits {
	return channels.Limits{
		Rate:           c.config.Rate,
		Concurrency:    c.config.Concurrency,
		ReconcileAfter: c.config.ReconcileAfter,
		AskAfter:       c.config.AskAfter,
	}
}

// Cost is the message's SMS segments.
func (c *channel) Cost(m alerting.Message) int { return max(1, gsm7.Segments(m.Text)) }

// Send asks Twilio to create the message, once. It returns within the configured timeout.
func (c *channel) Send(ctx context.Context, m alerting.Message) alerting.Outcome {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	call := c.newCall(ctx)
	created, err := call.api().CreateMessage(c.params(m))
	return call.outcome(created, err)
}

func (c *channel) params(m alerting.Message) *openapi.CreateMessageParams {
	params := new(openapi.CreateMessageParams).
		SetTo(m.To).
		SetBody(m.Text).
		SetStatusCallback(c.env.PublicURL + statusPath + "?" + refKey + "=" + url.QueryEscape(m.Ref.String()))
	if c.config.From != "" {
		params.SetFrom(c.config.From)
	}
	if c.config.MessagingServiceSID != "" {
		params.SetMessagingServiceSid(c.config.MessagingServiceSID)
	}
	if !m.Expires.IsZero() {
		life := min(max(time.Until(m.Expires), time.Second), maxValidity)
		params.SetValidityPeriod(int(life / time.Second))
	}
	return params
}
