package twiliosim

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Sign is the X-Twilio-Signature of a webhook: HMAC-SHA1 by the auth token over the whole URL and the
// form's parameters in the order of their names (https://www.twilio.com/docs/usage/security).
func Sign(authToken, url string, form url.Values) string {
	var text strings.Builder
	text.WriteString(url)
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text.WriteString(name + form.Get(name))
	}
	mac := hmac.New(sha1.New, []byte(authToken))
	mac.Write([]byte(text.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// progress takes a message through its states and tells of each.
func (s *Server) progress(m Message, b Behavior) {
	var late []url.Values
	tell := func(m Message) {
		if b.Receipts == OutOfOrder {
			late = append(late, s.receipt(m))
			return
		}
		s.tell(m, b, s.receipt(m))
	}
	tell(m)
	for _, state := range b.Outcome.states() {
		if !s.wait(s.running, b.ReceiptDelay) {
			return
		}
		code := 0
		if state == string(Undelivered) || state == string(Failed) {
			code = b.ErrorCode
		}
		tell(s.store.setStatus(m.SID, state, code))
	}
	for _, receipt := range slices.Backward(late) {
		s.tell(m, b, receipt)
	}
}

// states are those that a message goes through after queued.
func (o Outcome) states() []string {
	switch o {
	case Failed:
		return []string{"failed"}
	case SentOnly:
		return []string{"sending", "sent"}
	case Undelivered:
		return []string{"sending", "sent", "undelivered"}
	case ReadByUser:
		return []string{"sending", "sent", "delivered", "read"}
	default:
		return []string{"sending", "sent", "delivered"}
	}
}

// tell posts one receipt as the behavior has it.
func (s *Server) tell(m Message, b Behavior, form url.Values) {
	if m.StatusCallback == "" || b.Receipts == None {
		return
	}
	times := 1
	if b.Receipts == Twice {
		times = 2
	}
	for range times {
		s.post(s.running, m.StatusCallback, form) //nolint:errcheck // Counted; Twilio goes on too.
	}
}

func (s *Server) receipt(m Message) url.Values {
	form := url.Values{
		"AccountSid": {s.AccountSID}, "ApiVersion": {"2010-04-01"}, "From": {m.From}, "To": {m.To},
		"MessageSid": {m.SID}, "SmsSid": {m.SID}, "MessageStatus": {m.Status}, "SmsStatus": {m.Status},
	}
	if m.Service != "" {
		form.Set("MessagingServiceSid", m.Service)
	}
	if m.ErrorCode != 0 {
		form.Set("ErrorCode", strconv.Itoa(m.ErrorCode))
	}
	return form
}

// post posts a signed webhook, again where it is not answered 2xx and retries are on.
func (s *Server) post(ctx context.Context, address string, form url.Values) error {
	select {
	case s.posting <- struct{}{}:
		defer func() { <-s.posting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var err error
	for range 1 + s.CallbackRetries {
		if err = s.postOnce(ctx, address, form); err == nil {
			s.counts.callbacks.Add(1)
			return nil
		}
	}
	s.counts.refused.Add(1)
	return err
}

func (s *Server) postOnce(ctx context.Context, address string, form url.Values) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("the webhook address %q can't be used: %w", address, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	request.Header.Set("User-Agent", "TwilioProxy/1.1")
	request.Header.Set("X-Twilio-Signature", Sign(s.AuthToken, address, form))
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("the webhook was not answered: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook was answered %s", response.Status)
	}
	return nil
}
