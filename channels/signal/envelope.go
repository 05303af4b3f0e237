package signal

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"revere/alerting"
)

// A notification is what the bridge posts for each message that it received: signal-cli's JSON-RPC
// line as it is. Some forwarders post its params alone. Only the fields that Revere reads are here;
// signal-cli adds others with every version.
type notification struct {
	Params *received `json:"params"`
	received
}

type received struct {
	Account  string    `json:"account"`
	Envelope *envelope `json:"envelope"`
}

type envelope struct {
	Source         string       `json:"source"`
	SourceNumber   string       `json:"sourceNumber"`
	SourceUUID     string       `json:"sourceUuid"`
	SourceUsername string       `json:"sourceUsername"`
	Timestamp      int64        `json:"timestamp"`
	DataMessage    *dataMessage `json:"dataMessage"`
	EditMessage    *struct {
		DataMessage *dataMessage `json:"dataMessage"`
	} `json:"editMessage"`
	ReceiptMessage *struct {
		IsDelivery bool    `json:"isDelivery"`
		IsRead     bool    `json:"isRead"`
		IsViewed   bool    `json:"isViewed"`
		Timestamps []int64 `json:"timestamps"`
	} `json:"receiptMessage"`
}

type dataMessage struct {
	Message   string          `json:"message"`
	GroupInfo json.RawMessage `json:"groupInfo"`
	Quote     *struct {
		ID           int64  `json:"id"`
		Author       string `json:"author"`
		AuthorNumber string `json:"authorNumber"`
	} `json:"quote"`
	Reaction *struct {
		Emoji               string `json:"emoji"`
		TargetAuthor        string `json:"targetAuthor"`
		TargetAuthorNumber  string `json:"targetAuthorNumber"`
		TargetSentTimestamp int64  `json:"targetSentTimestamp"`
		IsRemove            bool   `json:"isRemove"`
	} `json:"reaction"`
	Attachments []json.RawMessage `json:"attachments"`
	Sticker     json.RawMessage   `json:"sticker"`
}

// readEnvelope turns what the bridge posted into the fact that it tells, if it tells any: typing,
// calls, group messages, what our own devices sent and what is for another account tell none.
// An error says that the body is not the bridge's.
func readEnvelope(body []byte, number string, now time.Time) (fact alerting.Inbound, tells bool, err error) {
	var n notification
	var mistyped *json.UnmarshalTypeError
	// A field that changed its type in a new version must not cost the others.
	if err := json.Unmarshal(body, &n); err != nil && !errors.As(err, &mistyped) {
		return alerting.Inbound{}, false, alerting.Errorf(alerting.CodeMalformed, "not the JSON of a received Signal message")
	}
	r := n.received
	if n.Params != nil {
		r = *n.Params
	}
	e := r.Envelope
	if e == nil || (r.Account != "" && r.Account != number) || e.sender() == "" || e.sender() == number {
		return alerting.Inbound{}, false, nil
	}
	fact = alerting.Inbound{Channel: Name, At: now.UTC(), From: e.sender(), ID: e.id()}
	if e.ReceiptMessage != nil {
		return e.receipt(fact)
	}
	data := e.DataMessage
	if data == nil && e.EditMessage != nil {
		// Somebody who mends "AKC K7Q" means what it says now.
		data = e.EditMessage.DataMessage
	}
	if data == nil || present(data.GroupInfo) {
		return alerting.Inbound{}, false, nil
	}
	tells = data.tell(&fact, number)
	return fact, tells, nil
}

// sender is the address in the directory's form where Signal shows it, and the account's UUID where
// the person hides the number.
func (e *envelope) sender() string {
	for _, s := range []string{e.SourceNumber, e.SourceUsername, e.Source, e.SourceUUID} {
		if s == "" {
			continue
		}
		if address, err := ParseAddress(s); err == nil {
			return address
		}
		return s
	}
	return ""
}

// id is the sender and the time at which they sent, which is how Signal itself names a message.
func (e *envelope) id() string {
	return e.sender() + "/" + strconv.FormatInt(e.Timestamp, 10)
}

func (e *envelope) receipt(fact alerting.Inbound) (alerting.Inbound, bool, error) {
	receipt := e.ReceiptMessage
	switch {
	case receipt.IsRead || receipt.IsViewed:
		fact.State = alerting.Read
	case receipt.IsDelivery:
		fact.State = alerting.Delivered
	default:
		return alerting.Inbound{}, false, nil
	}
	for _, t := range receipt.Timestamps {
		if t > 0 {
			fact.About = append(fact.About, strconv.FormatInt(t, 10))
		}
	}
	if len(receipt.Timestamps) == 1 && len(fact.About) == 1 {
		fact.SentAt = time.UnixMilli(receipt.Timestamps[0]).UTC()
	}
	fact.Kind = alerting.InboundReceipt
	// A phone may report delivery and reading within one millisecond.
	fact.ID += "/" + fact.State.String()
	return fact, len(fact.About) > 0, nil
}

// tell fills in what a person wrote or did. It reports false where that says nothing to us.
func (d *dataMessage) tell(fact *alerting.Inbound, number string) bool {
	if r := d.Reaction; r != nil {
		fact.Kind, fact.Text = alerting.InboundReaction, r.Emoji
		if r.IsRemove {
			fact.Kind = alerting.InboundUnreact
		}
		fact.About = about(r.TargetSentTimestamp, r.TargetAuthorNumber, r.TargetAuthor, number)
		return fact.About != nil
	}
	fact.Text = d.Message
	fact.Kind = commandOf(d.Message)
	if q := d.Quote; q != nil {
		fact.About = about(q.ID, q.AuthorNumber, q.Author, number)
		if fact.About != nil && fact.Kind == alerting.InboundReply {
			fact.Kind = alerting.InboundQuote
		}
	}
	// A voice note or a sticker can't be understood, but the person must learn that.
	return strings.TrimSpace(d.Message) != "" || len(d.Attachments) > 0 || present(d.Sticker)
}

// about names our message, or nothing where the author is known to be somebody else: people quote
// and react to their own words too. An author without a number can't be told from us.
func about(timestamp int64, authorNumber, author, number string) []string {
	if authorNumber == "" && strings.HasPrefix(author, "+") {
		authorNumber = author
	}
	if timestamp <= 0 || (authorNumber != "" && authorNumber != number) {
		return nil
	}
	return []string{strconv.FormatInt(timestamp, 10)}
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
