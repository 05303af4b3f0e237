package alerting

import "strings"

// plainBytes is about what an alert takes in memory beside its texts, and shortText what is kept of a long one
// in a place that many alerts share.
const (
	plainBytes = 1 << 10
	shortText  = 1 << 10
)

// Bytes is about how much memory an alert takes, in bytes: what a producer chose to say, which is up to
// MaxAlertBytes.
func (a *Alert) Bytes() int {
	n := plainBytes + len(a.Description) + len(a.Instruction) + len(a.Headline) + len(a.Event) + len(a.ID) + len(a.Contact) + len(a.Web)
	for _, area := range a.Areas {
		n += len(area) + stringHeader
	}
	for _, reference := range a.References {
		n += len(reference) + stringHeader
	}
	return n
}

// stringHeader is what a string takes beside its bytes.
const stringHeader = 16

// Brief is the alert with no more than the beginning of a description or an instruction that is longer than 1 KiB.
// It holds on to nothing of what it leaves out.
func (a Alert) Brief() Alert {
	for _, text := range []*string{&a.Description, &a.Instruction} {
		if len(*text) > shortText {
			*text = strings.ToValidUTF8((*text)[:shortText-len(more)], "") + more
		}
	}
	return a
}

// Shortened reports whether the alert looks like one of which Brief has left something out.
func (a *Alert) Shortened() bool {
	cut := func(text string) bool { return len(text) > shortText-len(more)-4 && strings.HasSuffix(text, more) }
	return cut(a.Description) || cut(a.Instruction)
}

// more ends a text of which something is left out.
const more = "…"
