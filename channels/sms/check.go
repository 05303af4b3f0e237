package sms

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"revere/channels"
)

// Check asks Twilio for the account and the sending number, and says what else the operator must
// know. It sends nothing.
func (c *channel) Check(ctx context.Context) []channels.Finding {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	findings := c.checkAccount(ctx)
	if findings[0].OK {
		findings = append(findings, c.checkSender(ctx)...)
	}
	return append(findings,
		c.checkPublicURL(),
		good("in Twilio's console set \"A message comes in\" of the number or the messaging service to %s%s (HTTP POST), and the same address as the fallback, which is tried while Revere restarts", c.env.PublicURL, messagesPath),
		good("receipts come to %s%s; each message asks for them, and it can stand as the status callback in the console too", c.env.PublicURL, statusPath),
		good("US carriers refuse local numbers that are not registered for 10DLC (error 30034), and toll-free numbers send only once they are verified (error 30032)"),
		c.explainRate(),
	)
}

func good(format string, args ...any) channels.Finding {
	return channels.Finding{OK: true, Detail: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) channels.Finding {
	return channels.Finding{Detail: fmt.Sprintf(format, args...)}
}

// checkAccount returns at least one finding, of which the first says whether the credentials work.
func (c *channel) checkAccount(ctx context.Context) []channels.Finding {
	call := c.newCall(ctx)
	account, err := call.api().FetchAccount(c.config.AccountSID)
	if err := call.readError(err); err != nil {
		return []channels.Finding{bad("Twilio: %v", err)}
	}
	if deref(account.Sid) != c.config.AccountSID {
		return []channels.Finding{bad("the API at %s did not answer with the account; check base_url", c.config.baseURL())}
	}
	findings := []channels.Finding{good("Twilio accepts the credentials of account %s", c.config.AccountSID)}
	if status := deref(account.Status); status != "active" {
		findings = append(findings, bad("the Twilio account is %q, and only an active one sends; see its console", status))
	}
	if deref(account.Type) == "Trial" {
		findings = append(findings, bad("this is a trial account, which sends to verified numbers only; upgrade it in Twilio's console"))
	}
	return findings
}

// checkSender looks at the sending number. Short codes are not in the list of numbers, and messaging
// services belong to another API.
func (c *channel) checkSender(ctx context.Context) []channels.Finding {
	if c.config.From == "" {
		return []channels.Finding{good("messages go out through messaging service %s; see in Twilio's console that it has numbers", c.config.MessagingServiceSID)}
	}
	if shortCode.MatchString(c.config.From) {
		return []channels.Finding{good("messages go out from short code %s", c.config.From)}
	}
	call := c.newCall(ctx)
	page, err := call.api().PageIncomingPhoneNumber(new(openapi.ListIncomingPhoneNumberParams).SetPhoneNumber(c.config.From), "", "")
	if err := call.readError(err); err != nil {
		return []channels.Finding{bad("the sending number could not be looked up: %v", err)}
	}
	for _, number := range page.IncomingPhoneNumbers {
		if deref(number.PhoneNumber) == c.config.From {
			return c.judgeSender(number)
		}
	}
	return []channels.Finding{bad("%s is not a number of this Twilio account; check from", c.config.From)}
}

func (c *channel) judgeSender(number openapi.ApiV2010IncomingPhoneNumber) []channels.Finding {
	var findings []channels.Finding
	if number.Capabilities != nil && !number.Capabilities.Sms {
		findings = append(findings, bad("%s can't send SMS; buy a number that can", c.config.From))
	} else {
		findings = append(findings, good("messages go out from %s, which is the account's", c.config.From))
	}
	// A messaging service's own webhook stands above that of its numbers.
	if set := deref(number.SmsUrl); c.config.MessagingServiceSID == "" && set != c.env.PublicURL+messagesPath {
		findings = append(findings, bad("replies to %s go to %q; set it to %s%s in Twilio's console, or no acknowledgement will arrive", c.config.From, set, c.env.PublicURL, messagesPath))
	}
	return findings
}

func (c *channel) checkPublicURL() channels.Finding {
	u, err := url.Parse(c.env.PublicURL)
	if err != nil || u.Hostname() == "" {
		return bad("http.public_url %q is not an address; set it to where Twilio reaches this service", c.env.PublicURL)
	}
	ip := net.ParseIP(u.Hostname())
	if loopback(u.Hostname()) || ip != nil && (ip.IsPrivate() || ip.IsUnspecified() || ip.IsLinkLocalUnicast()) {
		return bad("http.public_url %s can't be reached from the internet: no receipt and no reply by SMS will arrive; set it to the public address", c.env.PublicURL)
	}
	if u.Scheme != "https" {
		return bad("http.public_url %s is not https: replies would cross the internet in the clear", c.env.PublicURL)
	}
	return good("Twilio posts receipts and replies to %s", c.env.PublicURL)
}

func (c *channel) explainRate() channels.Finding {
	const people = 1000
	took := time.Duration(float64(people) / c.config.Rate * float64(time.Second)).Round(time.Second)
	return good("rate %g is SMS segments a second: %d people hear a message of one segment within %s; raise it to what Twilio grants your numbers, not beyond, since what Twilio queues goes out in the order of arrival", c.config.Rate, people, took)
}
