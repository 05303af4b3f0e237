package channels

import "time"

// An exchange is a call that was prepared.
type exchange struct {
	began    time.Time
	called   time.Time // zero while it waits for its record, or for its turn
	answered bool
}

// exchanges are numbered in the order in which they began. Those at the front are forgotten when they
// are answered.
type exchanges struct {
	all       []exchange
	answered  int    // of those at the front
	forgotten uint64 // before all
}

// add returns the number of one that begins.
func (e *exchanges) add(began time.Time) uint64 {
	if e.answered > len(e.all)/2 { // so the room is used again, and each is moved once
		e.all = e.all[:copy(e.all, e.all[e.answered:])]
		e.forgotten, e.answered = e.forgotten+uint64(e.answered), 0
	}
	e.all = append(e.all, exchange{began: began})
	return e.forgotten + uint64(len(e.all)) - 1
}

func (e *exchanges) at(number uint64) *exchange { return &e.all[number-e.forgotten] }

// answer notes that one was answered, and returns it.
func (e *exchanges) answer(number uint64) exchange {
	x := e.at(number)
	x.answered = true
	for e.answered < len(e.all) && e.all[e.answered].answered {
		e.answered++
	}
	return *x
}

// first is the one that has waited longest for its answer; nil for none.
func (e *exchanges) first() *exchange {
	if e.answered == len(e.all) {
		return nil
	}
	return &e.all[e.answered]
}
