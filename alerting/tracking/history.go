package tracking

import (
	"iter"
	"slices"
	"time"

	"revere/alerting"
)

// An Entry is one line of a delivery's history. History is only ever appended to.
type Entry struct {
	At                time.Time      `json:"at"`
	State             alerting.State `json:"state"`
	Attempt           int            `json:"attempt,omitempty"`
	ProviderID        string         `json:"provider_id,omitempty"`
	Code              string         `json:"code,omitempty"`
	Reason            string         `json:"reason,omitempty"`
	RetryAt           time.Time      `json:"retry_at,omitzero"`
	Receipt           bool           `json:"receipt,omitempty"`
	PossibleDuplicate bool           `json:"possible_duplicate,omitempty"`
}

// A history holds the entries of all of an alert's deliveries in the order in which they came, each
// with the place of the one before it of the same delivery.
type history struct {
	slabs [][]entry
	n     uint32
	texts texts
	notes map[note]uint32
	noted []note
}

type entry struct {
	at, retryAt       moment
	providerID        text
	note              uint32 // 0 for none
	before            uint32 // counted from 1
	attempt           uint16
	state             alerting.State
	receipt, repeated bool
}

// A note is why an entry was made. Few recur often.
type note struct{ code, reason string }

const slabSize = 64

func (h *history) at(place uint32) *entry {
	return &h.slabs[(place-1)/slabSize][(place-1)%slabSize]
}

// add appends an entry behind the one at the place before, and returns its place.
func (h *history) add(e Entry, before uint32) uint32 {
	if h.n%slabSize == 0 {
		h.slabs = append(h.slabs, make([]entry, 0, slabSize))
	}
	last := len(h.slabs) - 1
	h.slabs[last] = append(h.slabs[last], entry{
		at: momentOf(e.At), retryAt: momentOf(e.RetryAt), providerID: h.texts.add(e.ProviderID), note: h.number(note{e.Code, e.Reason}), before: before,
		attempt: uint16(e.Attempt), state: e.State, receipt: e.Receipt, repeated: e.PossibleDuplicate,
	})
	h.n++
	return h.n
}

func (h *history) number(n note) uint32 {
	if n == (note{}) {
		return 0
	}
	if i, known := h.notes[n]; known {
		return i
	}
	if h.notes == nil {
		h.notes = map[note]uint32{}
	}
	h.noted = append(h.noted, n)
	h.notes[n] = uint32(len(h.noted))
	return uint32(len(h.noted))
}

func (h *history) note(e *entry) note {
	if e.note == 0 {
		return note{}
	}
	return h.noted[e.note-1]
}

// backwards are the entries up to a place, the newest first.
func (h *history) backwards(place uint32) iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for place != 0 {
			e := h.at(place)
			if !yield(e) {
				return
			}
			place = e.before
		}
	}
}

// lastReason is the newest entry's.
func (a *alert) lastReason(d *delivery) string {
	if d.history == 0 {
		return ""
	}
	return a.history.note(a.history.at(d.history)).reason
}

// historyOf returns a delivery's entries, the oldest first.
func (a *alert) historyOf(i uint32) []Entry {
	d := &a.deliveries[i]
	entries := []Entry{}
	for e := range a.history.backwards(d.history) {
		n := a.history.note(e)
		entries = append(entries, Entry{
			At: e.at.time(), State: e.state, Attempt: int(e.attempt), ProviderID: a.history.texts.at(e.providerID), Code: n.code, Reason: n.reason,
			RetryAt: e.retryAt.time(), Receipt: e.receipt, PossibleDuplicate: e.repeated,
		})
	}
	if d.traits.has(listedOn) {
		entries = append(entries, Entry{At: a.listedAt(i).time(), State: alerting.Queued})
	}
	slices.Reverse(entries)
	return entries
}

// listedAt is when the manifest was taken in that a delivery was on first.
func (a *alert) listedAt(i uint32) moment {
	n, _ := slices.BinarySearchFunc(a.manifests, i+1, func(m listed, next uint32) int { return int(m.from) - int(next) })
	return a.manifests[n-1].at
}

// keep appends to a delivery's history.
func (a *alert) keep(d *delivery, e Entry) { d.history = a.history.add(e, d.history) }
