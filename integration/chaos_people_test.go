package integration_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/signalsim"
	"revere/integration/twiliosim"
)

// A witness is somebody whose answer was taken: by whom, and on what it depends that it shows.
type witness struct {
	key        alerting.Key
	subscriber string
	how        string
	// whileOpen is set where the answer is judged later than it is taken: an alert that has ended by
	// then takes none.
	whileOpen bool
	// retracted says that the answer was taken back.
	retracted bool
}

func (x witness) String() string { return fmt.Sprintf("%s of %s to %s", x.how, x.subscriber, x.key) }

// holds reports whether what is shown of a person bears the witness out.
func (x witness) holds(p tracking.PersonView) bool {
	if x.retracted {
		return slices.ContainsFunc(p.Answers, func(a tracking.AnswerView) bool { return a.Retracted })
	}
	return p.Answer != nil
}

// answer does one thing that people and their telephones do.
func (c *chaos) answer(_ context.Context, r *rand.Rand) {
	p, ok := c.any(r, func(p publication) bool { return p.key != "" })
	if !ok {
		return
	}
	person, ok := c.somebody(r, p.key)
	if !ok {
		return
	}
	switch r.IntN(12) {
	case 0, 1:
		c.answerAPI(p.key, person)
	case 2, 3:
		words := pick(r, []string{"ACK ", "ack ", "2 ", "1 "})
		if p.alert == nil {
			words = "ACK " // a correction may offer no responses
		}
		c.answerSMS(p.key, person, words)
	case 4:
		c.answerLink(p.key, person)
	case 5, 6:
		c.react(p.key, person, r.IntN(2) == 0)
	case 7:
		c.receiveSignal(p.key, person, r)
	case 8:
		c.strangeReceipt(p.key, r)
	case 9:
		c.wish(person, "STOP")
	case 10:
		c.wish(person, "START")
	default:
		c.answerSMS(p.key, person, "I do not know what to do about ")
	}
}

// somebody is one of those whom an alert goes to, as the API shows them now.
func (c *chaos) somebody(r *rand.Rand, key alerting.Key) (p tracking.PersonView, ok bool) {
	n := r.IntN(1 << 20)
	var page struct{ Data []tracking.PersonView }
	a, err := c.w.Try(harness.Request{Method: http.MethodGet, Path: "/api/v1/alerts/" + string(key) + "/people?limit=1000"})
	if err != nil || a.Status != http.StatusOK || a.Into(&page) != nil || len(page.Data) == 0 {
		return p, false
	}
	return page.Data[n%len(page.Data)], true
}

// at is the address at which the person is reached on a channel; "" for none.
func reachedAt(p tracking.PersonView, channel string) string {
	for _, contact := range p.Contacts {
		if contact.Channel == channel && !contact.Reserve {
			return contact.Address
		}
	}
	return ""
}

func (c *chaos) witness(x witness) {
	c.count("answer by " + x.how)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.witnessed = append(c.witnessed, x)
}

func (c *chaos) answerAPI(key alerting.Key, p tracking.PersonView) {
	a, err := c.w.Try(harness.Request{
		Method: http.MethodPost, Path: "/api/v1/alerts/" + string(key) + "/acknowledgements", Body: map[string]string{"subscriber": p.Subscriber, "response": "1"},
	})
	if err == nil && a.Status == http.StatusCreated {
		c.witness(witness{key: key, subscriber: p.Subscriber, how: "API"})
	}
}

// codeOf is an alert's code; "" when nobody answers.
func (c *chaos) codeOf(key alerting.Key) string {
	var s tracking.Summary
	if a, err := c.w.Try(harness.Request{Method: http.MethodGet, Path: "/api/v1/alerts/" + string(key)}); err != nil || a.Status != http.StatusOK || a.Into(&s) != nil {
		return ""
	}
	return s.Code
}

func (c *chaos) answerSMS(key alerting.Key, p tracking.PersonView, words string) {
	from, code := reachedAt(p, "sms"), c.codeOf(key)
	if from == "" || code == "" {
		return
	}
	understood := len(words) < 5
	if _, err := c.w.Twilio.Reply(from, harness.SMSNumber, words+code); err == nil && understood {
		c.witness(witness{key: key, subscriber: p.Subscriber, how: "SMS", whileOpen: true})
	}
}

// answerLink presses the button behind the link of the newest mail about the alert.
func (c *chaos) answerLink(key alerting.Key, p tracking.PersonView) {
	to := reachedAt(p, "email")
	if to == "" {
		return
	}
	for _, m := range slices.Backward(c.w.Mails(to)) {
		path := strings.TrimPrefix(ackLink.FindString(m.Text), c.w.URL())
		if !strings.HasPrefix(path, "/a/"+string(key)+"-") {
			continue
		}
		a, err := c.w.Try(harness.Request{Method: http.MethodPost, Path: path, Body: "response=ack", Header: formType})
		if err == nil && a.Status == http.StatusOK {
			c.witness(witness{key: key, subscriber: p.Subscriber, how: "link"})
		}
		return
	}
}

// onSignal is Signal's name for the message by which the alert reached the person; false where the
// service does not know it.
func (c *chaos) onSignal(key alerting.Key, address string) (timestamp int64, ok bool) {
	for _, d := range c.deliveries(key) {
		if d.Channel != "signal" || d.Address != address || d.Notice != "" {
			continue
		}
		for _, m := range c.w.Signal.MessagesTo(address) {
			known := func(e tracking.Entry) bool { return e.ProviderID == fmt.Sprint(m.Timestamp) }
			if slices.ContainsFunc(d.History, known) {
				return m.Timestamp, true
			}
		}
	}
	return 0, false
}

func (c *chaos) deliveries(key alerting.Key) []tracking.DeliveryView {
	var page struct{ Data []tracking.DeliveryView }
	a, err := c.w.Try(harness.Request{Method: http.MethodGet, Path: "/api/v1/alerts/" + string(key) + "/deliveries?limit=1000"})
	if err != nil || a.Status != http.StatusOK || a.Into(&page) != nil {
		return nil
	}
	return page.Data
}

// react puts a thumb on the message, and may take it back. The bridge tells of each but once.
func (c *chaos) react(key alerting.Key, p tracking.PersonView, back bool) {
	from := reachedAt(p, "signal")
	about, ok := c.onSignal(key, from)
	if !ok {
		return
	}
	if status, err := c.w.Signal.React(from, "👍", about); err != nil || status != http.StatusOK {
		return
	}
	if !back {
		c.witness(witness{key: key, subscriber: p.Subscriber, how: "reaction", whileOpen: true})
		return
	}
	if status, err := c.w.Signal.Unreact(from, "👍", about); err == nil && status == http.StatusOK {
		c.unwitness(key, from)
		c.witness(witness{key: key, subscriber: p.Subscriber, how: "reaction taken back", whileOpen: true, retracted: true})
	}
}

// unwitness forgets the reactions to an alert that were counted before one was taken back.
func (c *chaos) unwitness(key alerting.Key, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.witnessed = slices.DeleteFunc(c.witnessed, func(x witness) bool { return x.key == key && x.how == "reaction" })
}

// receiveSignal has the telephone tell that it has, or shows, the message; sometimes of the one, or twice.
func (c *chaos) receiveSignal(key alerting.Key, p tracking.PersonView, r *rand.Rand) {
	from := reachedAt(p, "signal")
	about, ok := c.onSignal(key, from)
	if !ok {
		return
	}
	c.mu.Lock()
	c.receipted[fmt.Sprint(about)] = true
	c.mu.Unlock()
	for range 1 + r.IntN(3) {
		_, _ = c.w.Signal.Receipt(from, pick(r, []signalsim.ReceiptKind{signalsim.Delivery, signalsim.Read}), about)
	}
	c.count("Signal receipt")
}

// strangeReceipt is one that changes nothing: of an attempt that nobody made, for an alert that is none.
func (c *chaos) strangeReceipt(key alerting.Key, r *rand.Rand) {
	stranger := alerting.NewDeliveryID(key, "sms", "+16175569999")
	ref := pick(r, []string{
		"", "nonsense", alerting.Ref{Alert: "a999999", Delivery: stranger, Attempt: 1}.String(), alerting.Ref{Alert: key, Delivery: stranger, Attempt: 1}.String(),
	})
	path := "/webhooks/twilio/status?ref=" + url.QueryEscape(ref)
	form := url.Values{"AccountSid": {harness.AccountSID}, "MessageSid": {"SM00000000000000000000000000000001"}, "MessageStatus": {"delivered"}, "To": {harness.Phone(1)}}
	_, _ = c.w.Try(harness.Request{Method: http.MethodPost, Path: path, Body: form.Encode(), Header: map[string]string{
		"Content-Type": formType["Content-Type"], "X-Twilio-Signature": twiliosim.Sign(harness.AuthToken, c.w.URL()+path, form),
	}})
	_, _ = c.w.Signal.Receipt(harness.Phone(100+r.IntN(chaosPeople)), signalsim.Delivery, r.Int64N(1<<40))
	c.count("strange receipt")
}

func (c *chaos) wish(p tracking.PersonView, word string) {
	if from := reachedAt(p, "sms"); from != "" {
		_, _ = c.w.Twilio.Reply(from, harness.SMSNumber, word) // one that was not answered is lost, as Twilio has it
		c.count(word)
	}
}
