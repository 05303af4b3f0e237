package alerting

import "time"

// A Key names an alert's record for ever: "a" and the sequence at which the ALERTS stream stored
// the message that made it. A producer that got a publish acknowledgement knows it from there.
type Key string

// Valid reports whether k is lower-case letters and digits, as every key is: what a caller typed
// never becomes a subject with wildcards.
func (k Key) Valid() bool {
	for i := range len(k) {
		c := k[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return k != ""
}

// Limits of an alert.
const (
	MaxAlertBytes = 256 << 10       // of one alert's JSON
	MaxAhead      = 5 * time.Minute // how far ahead of now sent may lie
	DefaultLife   = 24 * time.Hour  // from sent to expires where the alert doesn't say
	MaxLife       = 30 * 24 * time.Hour
	MaxResponses  = 9
	MaxAreas      = 1000
	MaxListed     = 100 // references, or categories
)

// An Alert is a CAP 1.2 alert in Revere's JSON form: who says what, where, how urgent, until when.
type Alert struct {
	ID          string      `json:"id"`
	Sender      string      `json:"sender"`
	SenderName  string      `json:"sender_name,omitempty"`
	Sent        time.Time   `json:"sent"`
	Status      Status      `json:"status"`
	Type        MessageType `json:"type"`
	References  []string    `json:"references,omitempty"`
	Category    []string    `json:"category,omitempty"`
	Event       string      `json:"event"`
	Urgency     Urgency     `json:"urgency"`
	Severity    Severity    `json:"severity"`
	Certainty   Certainty   `json:"certainty"`
	Areas       []Area      `json:"areas"`
	Headline    string      `json:"headline,omitempty"`
	Description string      `json:"description,omitempty"`
	Instruction string      `json:"instruction,omitempty"`
	Expires     time.Time   `json:"expires"`
	Language    string      `json:"language,omitempty"`
	TLP         TLP         `json:"tlp,omitempty"`
	Web         string      `json:"web,omitempty"`
	Contact     string      `json:"contact,omitempty"`
	Responses   []Response  `json:"responses,omitempty"`
}

// A Response is an answer that an alert offers besides a plain ACK: reply Key, meaning Label.
type Response struct {
	Key   string `json:"key"`
	Label string `json:"label"`
}

// Title is what the alert is called in one line: its headline, else its event.
func (a *Alert) Title() string {
	if a.Headline != "" {
		return a.Headline
	}
	return a.Event
}

// Response returns the offered response with the given key.
func (a *Alert) Response(key string) (Response, bool) {
	for _, r := range a.Responses {
		if r.Key == key {
			return r, true
		}
	}
	return Response{}, false
}
