package trackingtest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"revere/alerting"
)

// Start is when the sample alerts are sent, received and opened.
var Start = time.Date(2026, 11, 3, 12, 12, 0, 0, time.UTC)

// Codes are those of the sample alerts, in the order in which they are opened.
var Codes = []string{"K7Q", "M4T", "R9X", "C3H", "W5F", "T8A", "P2J", "Y6N"}

// Alert is a severe, actual alert for Boston with two responses, changed by the given changes.
func Alert(changes ...func(*alerting.Alert)) alerting.Alert {
	a := alerting.Alert{
		ID: "phishing-1", Sender: "soc@sec.state.ma.us", Sent: Start, Status: alerting.StatusActual, Type: alerting.TypeAlert,
		Event: "Phishing", Headline: "Phishing against election clerks", Urgency: "immediate", Severity: alerting.Severe, Certainty: "observed",
		Areas: []alerting.Area{"ma.boston"}, Expires: Start.Add(24 * time.Hour), Language: "en-US", TLP: "CLEAR",
		Responses: []alerting.Response{{Key: "1", Label: "On it"}, {Key: "2", Label: "Got it too"}},
	}
	for _, change := range changes {
		change(&a)
	}
	return a
}

// With returns a change of an alert's severity.
func With(s alerting.Severity) func(*alerting.Alert) {
	return func(a *alerting.Alert) { a.Severity = s }
}

// A Person is a recipient whose id is the name in lower case. Contacts are "channel:address", in the
// order of preference; one that begins with "!" is suppressed.
type Person struct {
	Name     string
	Areas    []alerting.Area // nil: ma.boston
	Teams    []string
	Contacts []string
}

// Crowd is n people with one phone each.
func Crowd(n int) []Person {
	all := make([]Person, n)
	for i := range all {
		all[i] = Person{Name: fmt.Sprint("P", i), Contacts: []string{fmt.Sprintf("sms:+1%07d", i)}}
	}
	return all
}

// Open appends an alert with its manifest, and returns its key: a1, a2 and so on. Everyone's first
// contact is active, and all of them where the alert is extreme.
func (l *Ledger) Open(alert alerting.Alert, people ...Person) alerting.Key {
	l.mu.Lock()
	l.opened++
	n := l.opened
	l.mu.Unlock()
	key := alerting.KeyOf(uint64(n))
	opened := alerting.Opened{
		Alert: alert, Producer: alerting.AnyProducer, Code: Codes[(n-1)%len(Codes)], Identity: fmt.Sprint("identity-", n),
		Content: "content", Received: Start, Sequence: uint64(n),
	}
	l.must(alerting.Record{Alert: key, At: Start, Opened: &opened, Manifest: manifest(alert.Severity == alerting.Extreme, people)})
	return key
}

// Correct appends an alert that replaces another, its manifest and the withdrawal.
func (l *Ledger) Correct(original alerting.Key, kind alerting.MessageType, people ...Person) alerting.Key {
	key := l.Open(Alert(func(a *alerting.Alert) { a.Type, a.References = kind, []string{string(original)} }), people...)
	l.must(alerting.Record{Alert: original, At: Start, Withdrawn: &alerting.Withdrawn{By: key, Type: kind}})
	return key
}

func manifest(atOnce bool, people []Person) *alerting.Manifest {
	m := &alerting.Manifest{Revision: 1, Hash: []byte("hash"), Parts: 1}
	places := map[string]uint32{}
	for _, p := range people {
		r := alerting.Recipient{Subscriber: strings.ToLower(p.Name), Name: p.Name, Areas: p.Areas, Teams: p.Teams}
		if r.Areas == nil {
			r.Areas = []alerting.Area{"ma.boston"}
		}
		used := false
		for _, c := range p.Contacts {
			c, suppressed := strings.CutPrefix(c, "!")
			channel, address, _ := strings.Cut(c, ":")
			i, shared := places[c]
			if !shared {
				i = uint32(len(m.Deliveries))
				places[c] = i
				planned := alerting.Planned{Channel: channel, Address: address}
				if suppressed {
					planned.Suppressed = "opted out"
				}
				m.Deliveries = append(m.Deliveries, planned)
			}
			if !suppressed && (atOnce || !used) {
				m.Deliveries[i].Active, used = true, true
			}
			r.Contacts = append(r.Contacts, i)
		}
		m.Recipients = append(m.Recipients, r)
	}
	return m
}

// must appends what can't fail.
func (l *Ledger) must(r alerting.Record) {
	if _, err := l.Append(context.Background(), r); err != nil {
		panic(err) // a sample is never opened on a ledger that was told to break
	}
}
