package replies

import (
	"strings"

	"revere/alerting"
)

// Lookback is how many arrivals before Board.Inbound a Processor should be shown when it begins, so
// that it knows a repetition of one of them.
const Lookback = 10_000

// A memory knows the facts of late by the ids that providers gave them. A provider posts a webhook
// again when it missed our answer, anyone who recorded one could replay it, and what a receipt says may be
// learned by asking as well. Two receipts are one fact where they say the same of the same.
type memory struct {
	recent, older map[string]bool
}

// before reports whether a fact was heard before, and remembers it.
func (m *memory) before(f alerting.Inbound) bool {
	if f.ID == "" {
		return false
	}
	id := f.Channel + " " + string(f.Kind) + " " + f.ID
	if f.Kind == alerting.InboundReceipt {
		id += " " + f.State.String() + " " + f.Code + " " + f.Ref + " " + strings.Join(f.About, " ")
	}
	if m.recent[id] || m.older[id] {
		return true
	}
	if m.recent == nil || len(m.recent) >= 2*Lookback {
		m.recent, m.older = map[string]bool{}, m.recent
	}
	m.recent[id] = true
	return false
}

func (m *memory) all(facts []alerting.Inbound) {
	for _, f := range facts {
		m.before(f)
	}
}
