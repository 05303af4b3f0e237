package sms

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"revere/alerting"
	"revere/alerting/gsm7"
	"revere/channels"
)

const (
	// clockSkew is how far Twilio's clock may be behind ours. Its dates are in whole seconds.
	clockSkew = time.Minute
	// A number that got more than pageSize × maxPages messages since the attempt is beyond telling.
	pageSize = 100
	maxPages = 20
)

// Reconcile looks for the attempt among what Twilio sent to the address since then, and tells the
// best that became of it: Accepted, Sent, Delivered, Read or Undelivered. Twilio does not list the
// StatusCallback, which has our reference, so the message is known by the alert's code and by its
// text. The list is not narrowed by DateSent: what is queued has none.
func (c *channel) Reconcile(ctx context.Context, m alerting.Message, attempted time.Time) (alerting.Outcome, bool, error) {
	if m.Code == "" && m.Text == "" {
		return alerting.Outcome{}, false, alerting.Errorf(alerting.CodeInvalid, "a message without a code and a text can't be looked for at Twilio")
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	var best alerting.Outcome
	found := false
	since := attempted.Add(-clockSkew)
	err := c.eachSince(ctx, m.To, since, func(candidate *openapi.ApiV2010Message) {
		if !isSame(m, deref(candidate.Body)) {
			return
		}
		if o := listed(candidate); !found || o.State.Outranks(best.State) {
			best, found = o, true
		}
	})
	if err != nil {
		return alerting.Outcome{}, false, err
	}
	return best, found, nil
}

// Carried lists what Twilio has of messages to an address. It implements channels.Lister.
func (c *channel) Carried(ctx context.Context, to string, since time.Time) (list []alerting.Carried, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	err = c.eachSince(ctx, to, since.Add(-clockSkew), func(m *openapi.ApiV2010Message) {
		o := listed(m)
		list = append(list, alerting.Carried{ProviderID: o.ProviderID, Text: deref(m.Body), State: o.State})
	})
	return list, err
}

// eachSince calls visit for each message to the address that was created at since or later.
func (c *channel) eachSince(ctx context.Context, to string, since time.Time, visit func(*openapi.ApiV2010Message)) error {
	params := new(openapi.ListMessageParams).SetTo(to).SetPageSize(pageSize)
	token, number := "", ""
	for range maxPages {
		call := c.newCall(ctx)
		page, err := call.api().PageMessage(params, token, number)
		if err := call.readError(err); err != nil {
			return err
		}
		if page.Messages == nil {
			return alerting.Errorf(alerting.CodeUnavailable, "Twilio's answer has no list of messages; check base_url")
		}
		for i := range page.Messages {
			message := &page.Messages[i]
			// A date that can't be read hides no message.
			if created, err := time.Parse(time.RFC1123Z, deref(message.DateCreated)); err == nil && created.Before(since) {
				return nil // the list has the newest first
			}
			visit(message)
		}
		next, err := url.Parse(deref(page.NextPageUri))
		if err != nil || next.RawQuery == "" {
			return nil
		}
		token, number = next.Query().Get("PageToken"), next.Query().Get("Page")
	}
	return alerting.Errorf(alerting.CodeUnavailable, "more than %d messages went to the number since the attempt; it can't be told apart", pageSize*maxPages)
}

// readError tells, for the operator, why a read brought nothing, and *channels.Busy where Twilio says when
// to read again, or only that it is asked for too much; nil when it did.
func (x *call) readError(err error) error {
	unread, wait := x.unread(err), x.retryAfter
	if x.status == http.StatusTooManyRequests {
		wait = max(wait, busyWait)
	}
	if unread != nil && wait > 0 {
		return &channels.Busy{After: wait, Err: unread}
	}
	return unread
}

func (x *call) unread(err error) error {
	switch {
	case x.status == 0:
		return alerting.Errorf(alerting.CodeUnavailable, "Twilio did not answer: %v", err)
	case x.status >= http.StatusBadRequest:
		o := x.refused(err)
		return alerting.Errorf(alerting.CodeUnavailable, "%s (%s)", o.Reason, o.Code)
	case x.status != http.StatusOK:
		return alerting.Errorf(alerting.CodeUnavailable, "the API answered HTTP %d, which Twilio does not; check base_url", x.status)
	case err != nil:
		return alerting.Errorf(alerting.CodeUnavailable, "Twilio's answer can't be read: %v", err)
	}
	return nil
}

// isSame reports whether a listed text is the message's. Twilio may put words before it (trial
// accounts) and may have replaced characters by those of GSM-7.
func isSame(m alerting.Message, body string) bool {
	if m.Code != "" && !hasWord(body, m.Code) {
		return false
	}
	return strings.Contains(plain(body), plain(m.Text))
}

func plain(s string) string {
	return strings.Join(strings.Fields(gsm7.Transliterate(s)), " ")
}

func hasWord(text, word string) bool {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
