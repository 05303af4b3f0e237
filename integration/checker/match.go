package checker

import (
	"slices"
	"strings"
	"unicode"

	"revere/alerting"
)

// matched are the providers' messages by the delivery that they are of, and those that are of none.
type matched struct {
	of     map[string][]*Message
	strays []*Message
}

// match finds the delivery of each message: the one that it names itself, else the one whose history
// has the provider's name for it, else the notice to its address that has its text, else the one to its
// address of the alert whose code it carries.
func match(h History) matched {
	found := matched{of: map[string][]*Message{}}
	known, byID, byText, byCode := map[string]bool{}, map[string]string{}, map[string]string{}, map[string][]coded{}
	for _, a := range h.Alerts {
		tallies, _ := reckon(a.Records)
		for _, d := range a.Deliveries {
			n, to := name(a.Summary.Key, d.ID), place(d.Channel, d.Address)
			known[n] = true
			for _, e := range d.History {
				if e.ProviderID != "" {
					byID[d.Channel+" "+e.ProviderID] = n
				}
			}
			if t := at(tallies, d.Index); d.Notice != "" && t != nil {
				byText[to+" "+t.text] = n
			}
			if d.Notice == "" {
				byCode[to] = append(byCode[to], coded{a.Summary.Code, n})
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
				n = offered(m.Text, byCode[to])
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

// coded is a delivery with its alert's code.
type coded struct{ code, delivery string }

// offered finds the delivery by the code that a text asks to be acknowledged with.
func offered(text string, deliveries []coded) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words[:max(0, len(words)-1)] {
		if word != "ACK" {
			continue
		}
		if at := slices.IndexFunc(deliveries, func(c coded) bool { return c.code == words[i+1] }); at >= 0 {
			return deliveries[at].delivery
		}
	}
	return ""
}
