package sms

import (
	"math"
	"net"
	"net/url"
	"regexp"
	"time"

	"revere/channels"
)

// A Config is the section channels.sms: one Twilio account, and the numbers that it sends from.
type Config struct {
	// AccountSID and AuthToken are the account's credentials, from the console's first page.
	AccountSID string `koanf:"account_sid"`
	AuthToken  string `koanf:"auth_token" secret:"true"`
	// From is the sending number in E.164, or a short code of five or six digits. It, a
	// MessagingServiceSID ("MG…"), or both must be given.
	From                string `koanf:"from"`
	MessagingServiceSID string `koanf:"messaging_service_sid"`
	// BaseURL is where the API is reached. Empty is Twilio itself.
	BaseURL string `koanf:"base_url"`
	// Rate is in SMS segments a second, above 0. Twilio queues what is beyond a
	// number's own rate in the order of arrival, which would undo urgency.
	Rate float64 `koanf:"rate"`
	// Concurrency is how many calls may be under way at once, from 1 to 500, each on a connection of
	// its own that is kept. With the time that a call takes it bounds the messages a second.
	Concurrency int `koanf:"concurrency"`
	// Timeout is how long one call may take, from 1 s to 1 min. What took longer may have been sent.
	Timeout time.Duration `koanf:"timeout"`
	// ReconcileAfter is how long after a call without an answer Twilio is asked whether it has the
	// message, from 1 s to 10 min.
	ReconcileAfter time.Duration `koanf:"reconcile_after"`
	// AskAfter is how long after Twilio took a message, or last told of it, it is asked whether it
	// arrived, where no receipt says so: from 1 s to 10 min. It should be less than the least
	// fallback_after, so that no contact is used for want of a receipt alone.
	AskAfter time.Duration `koanf:"ask_after"`
}

const twilioURL = "https://api.twilio.com"

func defaults() channels.Config {
	return &Config{
		BaseURL:        twilioURL,
		Rate:           1,
		Concurrency:    32,
		Timeout:        15 * time.Second,
		ReconcileAfter: 10 * time.Second,
		AskAfter:       30 * time.Second,
	}
}

// On reports whether any of the account's keys is set.
func (c *Config) On() bool {
	return c.AccountSID != "" || c.AuthToken != "" || c.From != "" || c.MessagingServiceSID != ""
}

var (
	accountSID = regexp.MustCompile(`^AC[0-9A-Za-z]+$`)
	printable  = regexp.MustCompile(`^[!-~]+$`)
	serviceSID = regexp.MustCompile(`^MG[0-9A-Za-z]+$`)
	shortCode  = regexp.MustCompile(`^[0-9]{5,6}$`)
)

// Validate reports every problem through add: the key within the section, and a sentence.
func (c *Config) Validate(add func(key, detail string)) {
	if !accountSID.MatchString(c.AccountSID) {
		add("account_sid", `give the account SID from Twilio's console: "AC" and 32 letters and digits`)
	}
	if !printable.MatchString(c.AuthToken) {
		add("auth_token", "give the auth token from Twilio's console, without spaces or line breaks")
	}
	if c.From == "" && c.MessagingServiceSID == "" {
		add("from", "give the number that sends, in E.164 (+16175550100), or a messaging_service_sid")
	}
	if c.From != "" && !shortCode.MatchString(c.From) {
		if number, err := parseAddress(c.From); err != nil || number != c.From {
			add("from", `give the number in E.164, such as "+16175550100", or a short code of 5 or 6 digits; a name can't be replied to`)
		}
	}
	if c.MessagingServiceSID != "" && !serviceSID.MatchString(c.MessagingServiceSID) {
		add("messaging_service_sid", `give the messaging service's SID: "MG" and 32 letters and digits`)
	}
	if problem := c.baseURLProblem(); problem != "" {
		add("base_url", problem)
	}
	c.validateBounds(add)
}

func (c *Config) validateBounds(add func(key, detail string)) {
	if !(c.Rate > 0) || math.IsInf(c.Rate, 0) { // written so that NaN is refused too
		add("rate", "give the SMS segments a second that the sending numbers may send, above 0")
	}
	if c.Concurrency < 1 || c.Concurrency > 500 {
		add("concurrency", "give a number of calls at once from 1 to 500")
	}
	if c.Timeout < time.Second || c.Timeout > time.Minute {
		add("timeout", "give a time from 1s to 1m")
	}
	if c.ReconcileAfter < time.Second || c.ReconcileAfter > 10*time.Minute {
		add("reconcile_after", "give a time from 1s to 10m")
	}
	if c.AskAfter < time.Second || c.AskAfter > 10*time.Minute {
		add("ask_after", "give a time from 1s to 10m")
	}
}

func (c *Config) baseURLProblem() string {
	u, err := url.Parse(c.baseURL())
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return "give an absolute address such as " + twilioURL
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "give the address without a user, a query or a fragment"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "use https: the auth token would cross the network in the clear"
	}
	return ""
}

func (c *Config) baseURL() string {
	if c.BaseURL == "" {
		return twilioURL
	}
	return c.BaseURL
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
