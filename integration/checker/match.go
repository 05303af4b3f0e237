package checker

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"revere/alerting"
	"revere/alerting/tracking"
)

// matched are the providers' messages by the delivery that they are of, and those that are of none.
type matched struct {
	of     map[string][]*Message
	strays []*Message
}

// match finds the delivery of each message: the one that it names itself, else the one whose history
// has the provider's name for it, else the notice to its address that has its text, else the one to its
// address of the alert whose code it carries. Alerts that were not open together may have had one code:
// then it is the one that was attempted last before the message came.
func match(h History) matched {
	found := matched{of: map[string][]*Message{}}
	known, byID, byText, byCode := map[string]bool{}, map[string]string{}, map[string]string{}, map[string][]coded{}
	for _, a := range h.Alerts {
		k := reckon(a.Records)
		for _, d := range a.Deliveries {
			n, to := name(a.Summary.Key, d.ID), place(d.Channel, d.Address)
			known[n] = true
			for _, e := range d.History {
				if e.ProviderID != "" {
					byID[d.Channel+" "+e.ProviderID] = n
				}
			}
			if t := k.tally(d.Index); d.Notice != "" && t != nil {
				byText[to+" "+t.text] = n
			}
			if d.Notice == "" {
				byCode[to] = append(byCode[to], coded{a.Summary.Code, n, entries(&d, attempting)})
			}
		}
	}
	for i := range h.Provided {
		m := &h.Provided[i]
		n := ""
		if ref, err := alerting.ParseRef(m.Ref); err == nil {
			n = name(ref.Alert, ref.Delivery)
		} else if n = byID[m.Channel+" "+m.ID]; n == "" {
			to := place(m.Channel, m.To)
			if n = byText[to+" "+m.Text]; n == "" {
				n = offered(m, byCode[to])
			}
		}
		if known[n] {
			found.of[n] = append(found.of[n], m)
		} else {
			found.strays = append(found.strays, m)
		}
	}
	return found
}

// coded is a delivery with its alert's code and its attempts.
type coded struct {
	code, delivery string
	attempts       []tracking.Entry
}

func attempting(e tracking.Entry) bool { return e.State == alerting.Attempting }

// latest is when the delivery was attempted last at a time; zero where it was not.
func (c coded) latest(at time.Time) (attempted time.Time) {
	for _, e := range c.attempts {
		if !e.At.After(at) && e.At.After(attempted) {
			attempted = e.At
		}
	}
	return attempted
}

// offered finds the delivery by the code that a message asks to be acknowledged with.
func offered(m *Message, deliveries []coded) string {
	words := strings.FieldsFunc(m.Text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words[:max(0, len(words)-1)] {
		if word != "ACK" {
			continue
		}
		same := slices.DeleteFunc(slices.Clone(deliveries), func(c coded) bool { return c.code != words[i+1] })
		if len(same) > 0 {
			return slices.MaxFunc(same, func(a, b coded) int { return a.latest(m.At).Compare(b.latest(m.At)) }).delivery
		}
	}
	return ""
}
