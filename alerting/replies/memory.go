package replies

import "revere/alerting"

// Lookback is how many arrivals before Board.Inbound a Processor should be shown when it begins, so
// that it knows a repetition of one of them.
const Lookback = 10_000

// A memory knows the facts of late by the ids that providers gave them. A provider posts a webhook
// again when it missed our answer, and anyone who recorded one could replay it. Receipts are left
// out: told twice they change nothing.
type memory struct {
	recent, older map[string]bool
}

// before reports whether a fact was heard before, and remembers it.
func (m *memory) before(f alerting.Inbound) bool {
	if f.ID == "" || f.Kind == alerting.InboundReceipt {
		return false
	}
	id := f.Channel + " " + string(f.Kind) + " " + f.ID
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
