package outbox

import (
	"sync"

	"revere/alerting"
)

// A Memory is what a process learned of its calls and could not put on record. It outlives the
// dispatcher whose journal failed: the next one in the same process writes it, so that nobody is sent
// twice what this process knows was taken. Its zero value is empty; it is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	learned map[call]alerting.Finished
}

// A call is one attempt of one delivery.
type call struct {
	alert    alerting.Key
	delivery uint32
	attempt  int
}

func (m *Memory) keep(finished []alerting.Finished) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range finished {
		if f.Attempt == 0 {
			continue // nothing was called
		}
		if m.learned == nil {
			m.learned = map[call]alerting.Finished{}
		}
		m.learned[call{f.Due.Alert, f.Due.Delivery, f.Attempt}] = f
	}
}

// take removes everything, and returns what was learned of the calls that have no outcome on record.
func (m *Memory) take(interrupted []alerting.Due) map[call]alerting.Finished {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := map[call]alerting.Finished{}
	for _, x := range interrupted {
		at := call{x.Alert, x.Delivery, x.Attempt}
		if f, ok := m.learned[at]; ok {
			known[at] = f
		}
	}
	m.learned = nil
	return known
}
