package twiliosim

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"time"

	"revere/alerting/gsm7"
)

// A Message is one that the account sent or received.
type Message struct {
	SID, From, To, Body string
	// Direction is Twilio's: outbound-api, outbound-reply or inbound.
	Direction string
	// Status is Twilio's: queued, sending, sent, delivered, undelivered, failed, read or received.
	Status         string
	ErrorCode      int
	Service        string // the messaging service that it was sent through
	StatusCallback string // never listed
	ValidityPeriod int    // in seconds, 0 where none was given
	Created        time.Time
	Sent           time.Time // zero until it was sent
	Updated        time.Time
}

// Twilio's directions of a message.
const (
	outboundAPI   = "outbound-api"
	outboundReply = "outbound-reply"
	inbound       = "inbound"
)

type store struct {
	mu       sync.Mutex
	messages []Message // oldest first
	index    map[string]int
	optedOut map[pair]bool
}

// A pair is a number of the account and a person's: opting out is between the two.
type pair struct{ ours, theirs string }

// Messages returns what the API accepted, oldest first.
func (s *Server) Messages() []Message { return s.store.directed(outboundAPI) }

// AutoReplies returns what Twilio itself answered to STOP, START and HELP, oldest first.
func (s *Server) AutoReplies() []Message { return s.store.directed(outboundReply) }

func (st *store) directed(direction string) []Message {
	return slices.DeleteFunc(st.all(), func(m Message) bool { return m.Direction != direction })
}

func (st *store) all() []Message {
	st.mu.Lock()
	defer st.mu.Unlock()
	return slices.Clone(st.messages)
}

// add keeps a message under a new SID. It reports false when there is no room.
func (st *store) add(m Message) (Message, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(st.messages) == maxMessages {
		return Message{}, false
	}
	m = born(m)
	if st.index == nil {
		st.index = make(map[string]int)
	}
	st.index[m.SID] = len(st.messages)
	st.messages = append(st.messages, m)
	return m, true
}

// born is the message with what it is given when it is accepted.
func born(m Message) Message {
	m.SID = newSID("SM")
	m.Created = time.Now().UTC()
	m.Updated = m.Created
	return m
}

func (st *store) get(sid string) (Message, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	i, ok := st.index[sid]
	if !ok {
		return Message{}, false
	}
	return st.messages[i], true
}

func (st *store) setStatus(sid, status string, errorCode int) Message {
	st.mu.Lock()
	defer st.mu.Unlock()
	m := &st.messages[st.index[sid]]
	m.Status, m.ErrorCode, m.Updated = status, errorCode, time.Now().UTC()
	if status == "sent" {
		m.Sent = m.Updated
	}
	return *m
}

func (st *store) setOptedOut(p pair, out bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.optedOut == nil {
		st.optedOut = make(map[pair]bool)
	}
	st.optedOut[p] = out
}

func (st *store) isOptedOut(p pair) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.optedOut[p]
}

// newSID returns a name as Twilio gives them: a prefix of two letters and 32 hex digits.
func newSID(prefix string) string {
	raw := make([]byte, 16)
	rand.Read(raw) // never fails, by its documentation
	return prefix + hex.EncodeToString(raw)
}

// A resource is a message as the API shows it. What has no value there is null.
type resource struct {
	AccountSID   string            `json:"account_sid"`
	APIVersion   string            `json:"api_version"`
	SID          string            `json:"sid"`
	From         string            `json:"from"`
	To           string            `json:"to"`
	Body         string            `json:"body"`
	Direction    string            `json:"direction"`
	Status       string            `json:"status"`
	Service      any               `json:"messaging_service_sid"`
	NumMedia     string            `json:"num_media"`
	NumSegments  string            `json:"num_segments"`
	DateCreated  any               `json:"date_created"`
	DateSent     any               `json:"date_sent"`
	DateUpdated  any               `json:"date_updated"`
	ErrorCode    any               `json:"error_code"`
	ErrorMessage any               `json:"error_message"`
	Price        any               `json:"price"`
	PriceUnit    string            `json:"price_unit"`
	URI          string            `json:"uri"`
	Subresources map[string]string `json:"subresource_uris"`
}

func (s *Server) resource(m Message) resource {
	uri := "/2010-04-01/Accounts/" + s.AccountSID + "/Messages/" + m.SID
	return resource{
		AccountSID: s.AccountSID, APIVersion: "2010-04-01",
		SID: m.SID, From: m.From, To: m.To, Body: m.Body,
		Direction: m.Direction, Status: m.Status,
		Service: orNull(m.Service), NumMedia: "0",
		NumSegments: strconv.Itoa(gsm7.Segments(m.Body)),
		DateCreated: rfc2822(m.Created),
		DateSent:    rfc2822(m.Sent),
		DateUpdated: rfc2822(m.Updated),
		ErrorCode:   orNull(m.ErrorCode),
		PriceUnit:   "USD",
		URI:         uri + ".json", Subresources: map[string]string{"media": uri + "/Media.json"},
	}
}

func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func rfc2822(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC1123Z)
}
