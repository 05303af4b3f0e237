package signal

import (
	"math"
	"net/url"
	"regexp"
	"time"

	"revere/alerting"
	"revere/channels"
)

// Name is the channel's name in the directory, in subjects and in the configuration.
const Name = "signal"

// Kind is the channel as Revere can be configured with it.
var Kind = channels.Kind{
	Name:         Name,
	Defaults:     func() channels.Config { c := defaults(); return &c },
	ParseAddress: ParseAddress,
	Open: func(config channels.Config, env channels.Environment) (channels.Channel, error) {
		own, ok := config.(*Config)
		if !ok {
			return nil, alerting.Errorf(alerting.CodeInvalid, "the signal channel was given a %T; it opens with a *signal.Config", config)
		}
		return New(*own, env), nil
	},
}

// A Config is the channels.signal section of the configuration.
type Config struct {
	// URL is where signal-cli-rest-api is reached: "http://127.0.0.1:8081".
	URL string `koanf:"url"`
	// Number is the account that the bridge has registered with Signal, in E.164.
	Number string `koanf:"number"`
	// WebhookToken ends the path of the receive webhook, and is all that tells the bridge from
	// anybody else: whoever knows it can acknowledge for every person.
	WebhookToken string `koanf:"webhook_token" secret:"true"`
	// Rate is in messages a second. Signal publishes no limit; an account that sends much faster
	// than a person could is asked for a captcha.
	Rate float64 `koanf:"rate"`
	// Timeout bounds one call, from 1 s to 2 min: the bridge never answers once the daemon behind it
	// has died.
	Timeout time.Duration `koanf:"timeout"`
	// ReconcileAfter is how long a receipt is waited for after a call without an answer, from 1 s to
	// 10 min. The bridge can't be asked what it sent: then the message is sent again.
	ReconcileAfter time.Duration `koanf:"reconcile_after"`
}

func defaults() Config {
	return Config{Rate: 1, Timeout: 30 * time.Second, ReconcileAfter: 10 * time.Second}
}

// minToken is how long a token must be for Check to be content: one of 16 characters can't be
// guessed at the rate at which the webhook answers.
const minToken = 16

// tokenForm is what a path holds without escaping (RFC 3986 section 2.3), so that the address shown
// to the operator is the address that works.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// On reports whether anything of the section but its defaults is set.
func (c *Config) On() bool { return c.URL != "" || c.Number != "" || c.WebhookToken != "" }

// Validate reports every problem of a channel that is on.
func (c *Config) Validate(add func(key, detail string)) {
	if detail := wrongURL(c.URL); detail != "" {
		add("url", detail)
	}
	if number, err := parseNumber(c.Number); err != nil {
		add("number", "give the number that signal-cli-rest-api has registered, such as +16175550100: "+err.Error())
	} else if number != c.Number {
		add("number", "write the number as "+number+", as signal-cli-rest-api knows it")
	}
	switch {
	case c.WebhookToken == "":
		add("webhook_token", "give 16 random letters and digits or more; whoever guesses it can acknowledge for others")
	case !tokenForm.MatchString(c.WebhookToken):
		add("webhook_token", "use only letters, digits and . _ ~ -, since it stands in the webhook's address")
	}
	if !(c.Rate > 0) || math.IsInf(c.Rate, 0) {
		add("rate", "give messages a second, above 0; 1 suits one account")
	}
	if c.Timeout < time.Second || c.Timeout > 2*time.Minute {
		add("timeout", "give a time from 1s to 2m")
	}
	if c.ReconcileAfter < time.Second || c.ReconcileAfter > 10*time.Minute {
		add("reconcile_after", "give a time from 1s to 10m")
	}
}

func wrongURL(s string) string {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return "give the address of signal-cli-rest-api, such as http://127.0.0.1:8081"
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return "give an http or https address of signal-cli-rest-api, such as http://127.0.0.1:8081"
	case u.User != nil:
		return "leave the user and password out; they would be shown wherever the address is"
	case u.RawQuery != "" || u.Fragment != "":
		return "leave out what follows the path (? and #)"
	}
	return ""
}
