package fanout

import (
	"math"
	"slices"

	"revere/alerting"
)

// newPlan orders the candidates breadth first: on each channel, every jurisdiction's first message
// goes before any jurisdiction's second. With atOnce all contacts of everyone are used together;
// else the first that may be, and the others are in reserve.
//
// All steps go through the contacts as the candidates have them, which is how they lie in memory: only what
// is written goes where the order wants it. The candidates' recipients become the plan's.
func newPlan(candidates alerting.Candidates, atOnce bool) *plan {
	rungs := 0
	for _, contacts := range candidates.Contacts {
		rungs += len(contacts)
	}
	p := &plan{deliveries: make([]alerting.Planned, rungs), recipients: candidates.Recipients}
	places := make([]uint32, rungs)
	var shared []twins
	alerting.Together(
		func() { p.place(candidates.Contacts, places, breadthFirst(candidates, places, atOnce)) },
		func() { shared = sharing(candidates.Contacts, rungs) },
	)
	p.merge(shared, places)
	for i := range p.recipients {
		n := len(candidates.Contacts[i])
		p.recipients[i].Contacts, places = places[:n:n], places[n:]
	}
	return p
}

// reserve is the round of a contact that is not used at first.
const reserve = math.MaxUint32

// breadthFirst gives each contact its round: in round n are those that are their jurisdiction's n-th on their
// channel. It returns how many contacts there are of each round.
func breadthFirst(candidates alerting.Candidates, rounds []uint32, atOnce bool) (size []uint32) {
	channels := map[string]*counters{}
	channel, before := "", (*counters)(nil)
	for i, contacts := range candidates.Contacts {
		found := false
		for j := range contacts {
			contact := &contacts[j]
			if contact.Suppressed != "" || !contact.Active && !atOnce && found {
				rounds[j] = reserve
				continue
			}
			found = true
			if contact.Channel != channel || before == nil {
				channel = contact.Channel
				if before = channels[channel]; before == nil {
					before = &counters{all: map[alerting.Area]*uint32{}}
					channels[channel] = before
				}
			}
			round := before.next(candidates.Recipients[i].Areas)
			for len(size) <= int(round) {
				size = append(size, 0)
			}
			rounds[j] = round
			size[round]++
		}
		rounds = rounds[len(contacts):]
	}
	return size
}

// Counters count the contacts of each area on a channel.
type counters struct {
	all    map[alerting.Area]*uint32
	areas  []alerting.Area // those of the contact before, which most often are this one's
	counts []*uint32       // theirs
}

// next counts a contact of some areas, and returns how many came before in the one that has fewest.
func (c *counters) next(areas []alerting.Area) (round uint32) {
	if !slices.Equal(areas, c.areas) {
		c.look(areas)
	}
	for i, count := range c.counts {
		if i == 0 || *count < round {
			round = *count
		}
		*count++
	}
	return round
}

func (c *counters) look(areas []alerting.Area) {
	c.areas, c.counts = areas, c.counts[:0]
	for _, a := range areas {
		if c.all[a] == nil {
			c.all[a] = new(uint32)
		}
		c.counts = append(c.counts, c.all[a])
	}
}

// place makes the deliveries: each contact goes behind those of earlier rounds, and what is in reserve to the
// end; within a round the order stays. In places, where the rounds were, it leaves where each of them went.
func (p *plan) place(all [][]alerting.Planned, places, size []uint32) {
	next, behind := make([]uint32, len(size)), uint32(0) // where the next of each round goes, and of those in reserve
	for round, n := range size {
		next[round] = behind
		behind += n
	}
	for _, contacts := range all {
		for j := range contacts {
			round, at := places[j], &behind
			if round != reserve {
				at = &next[round]
			}
			places[j] = *at
			*at++
			d := &p.deliveries[places[j]]
			*d = contacts[j]
			d.Active = round != reserve
		}
		places = places[len(contacts):]
	}
}

// merge gives each address one delivery, at the earliest of its places: those who share an address share its
// message. In places it leaves the deliveries' numbers.
func (p *plan) merge(shared []twins, places []uint32) {
	if len(shared) == 0 {
		return
	}
	earliest := map[uint32]uint32{} // by the first of the twins
	for _, t := range shared {
		before, known := earliest[t.first]
		if !known {
			before = places[t.first]
		}
		earliest[t.first] = min(before, places[t.other])
	}
	numbers := make([]uint32, len(p.deliveries)) // by place; until it has one, the place of what has the same address
	for place := range numbers {
		numbers[place] = uint32(place)
	}
	for _, t := range shared {
		at := earliest[t.first]
		for _, place := range []uint32{places[t.first], places[t.other]} {
			numbers[place] = at
			p.deliveries[at].Active = p.deliveries[at].Active || p.deliveries[place].Active
		}
	}
	kept := p.deliveries[:0]
	for place := range p.deliveries {
		if at := numbers[place]; int(at) < place {
			numbers[place] = numbers[at]
			continue
		}
		numbers[place] = uint32(len(kept))
		kept = append(kept, p.deliveries[place])
	}
	p.deliveries = kept
	for i, place := range places {
		places[i] = numbers[place]
	}
}
