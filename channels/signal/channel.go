// Package signal is the channel to Signal by way of signal-cli-rest-api, a bridge that the operator
// runs beside Revere (github.com/bbernhard/signal-cli-rest-api). It sends with POST /v2/send and
// receives replies, quotes, reactions and receipts at the bridge's receive webhook.
//
// Signal names a message by the millisecond at which it was sent. Sending returns that timestamp,
// and it is the ProviderID by which receipts, quotes and reactions are recognized.
package signal

import (
	"crypto/sha256"
	"net/http"
	"strings"

	"golang.org/x/time/rate"

	"revere/alerting"
	"revere/channels"
)

const (
	// maxAnswer bounds what is read of an answer; a true one is a few hundred bytes.
	maxAnswer = 64 << 10
	// refusalsPerSecond bounds how many forged requests are put on record.
	refusalsPerSecond = 10
)

// A Channel sends to and receives from Signal through one account of one bridge.
type Channel struct {
	config   Config
	env      channels.Environment
	client   *http.Client
	token    [sha256.Size]byte
	refusals *rate.Limiter
}

var (
	_ channels.Channel  = (*Channel)(nil)
	_ channels.Receiver = (*Channel)(nil)
)

// New makes the channel from a configuration that Validate found nothing wrong with. It opens no
// connection.
func New(config Config, env channels.Environment) *Channel {
	config.URL = strings.TrimRight(config.URL, "/")
	return &Channel{
		config: config,
		env:    env,
		client: &http.Client{
			// A kept connection that the bridge closes just then would make a plain failure look
			// unknown. At a message a second a fresh one costs nothing. No proxy: alerts go to the
			// bridge and nowhere else.
			Transport: &http.Transport{DisableKeepAlives: true},
			// A redirect is somebody else's answer: a login page, a wrong port.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		token:    sha256.Sum256([]byte(config.WebhookToken)),
		refusals: rate.NewLimiter(refusalsPerSecond, refusalsPerSecond),
	}
}

// Name is "signal".
func (c *Channel) Name() string { return Name }

// Format is Chat: the short text, then the description.
func (c *Channel) Format() alerting.Format { return alerting.Chat }

// Limits allow one send at a time: signal-cli-rest-api is known to crash with more.
func (c *Channel) Limits() channels.Limits {
	return channels.Limits{Rate: c.config.Rate, Concurrency: 1, ReconcileAfter: c.config.ReconcileAfter}
}

// Cost is 1: Signal counts messages, however long.
func (c *Channel) Cost(alerting.Message) int { return 1 }
