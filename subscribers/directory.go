package subscribers

import (
	"fmt"
	"sync"
	"unique"

	"revere/alerting"
	"revere/subscribers/areas"
)

// A Directory is who receives, in memory: what all changes up to its revision add up to. It is safe
// for concurrent use. Reading takes a View, which no change touches while it is held.
type Directory struct {
	mu   sync.RWMutex
	view View
}

// NewDirectory returns an empty directory, whose atlas is areas.New.
func NewDirectory() *Directory {
	return &Directory{view: View{
		atlas:       areas.New(),
		subscribers: map[string]*entry{},
		numbers:     map[unique.Handle[traits]]uint32{},
		index:       index{sets: map[unique.Handle[string]]*areaSet{}, states: map[string]map[alerting.Area][]*areaSet{}},
		addresses:   map[string]*holders{},
		teams:       map[string]*Team{},
		memberships: map[string][]string{},
		optOuts:     map[string]map[string]*OptOut{},
	}}
}

// Atlas returns the atlas that the directory's areas changes go into. It follows later changes.
func (d *Directory) Atlas() *areas.Table { return d.view.atlas }

// Revision is the one given to the last Apply.
func (d *Directory) Revision() uint64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.view.revision
}

// Read calls f with the directory as it is at one revision. Changes wait until f returns: f must
// not call Apply or Read, and must not keep the View. What the View's methods return may be kept.
func (d *Directory) Read(f func(*View)) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	f(&d.view)
}

// Apply folds changes into the directory, in their order and for readers all at once, and notes the
// revision that they lead to. A change that can't be read leaves what it was about as it was and
// is named in the error; all others are applied nevertheless, since one bad record must not keep
// everyone else's changes from counting.
func (d *Directory) Apply(revision uint64, changes []Change) error {
	values, errs := make([]decoded, len(changes)), make([]error, len(changes))
	forEach(len(changes), func(i int) { values[i], errs[i] = decode(changes[i]) })
	joinTexts(values)
	var problems alerting.Problems
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, c := range changes {
		if errs[i] != nil {
			problems.Add(fmt.Sprintf("/%d", i), alerting.CodeOf(errs[i]), "%s", errs[i].Error())
			continue
		}
		d.view.apply(c, values[i])
	}
	d.view.revision = revision
	return problems.Err("some changes of the directory were passed over")
}

// A View is the directory at one revision, within Read.
type View struct {
	revision    uint64
	atlas       *areas.Table
	subscribers map[string]*entry
	order       order
	profiles    []*profile
	numbers     map[unique.Handle[traits]]uint32 // of the profiles
	index       index
	addresses   map[string]*holders // by channel
	teams       map[string]*Team
	memberships map[string][]string // the ids of a subscriber's teams, in order; a list is never changed
	optOuts     map[string]map[string]*OptOut
}

func (v *View) apply(c Change, value decoded) {
	switch c.Kind {
	case ChangeSubscriber:
		v.setSubscriber(c.ID, value.subscriber)
	case ChangeTeam:
		v.setTeam(c.ID, value.team)
	case ChangeOptOut:
		v.setOptOut(c.ID, value.optOut)
	case ChangeAreas:
		v.atlas.Replace(c.ID, value.rows)
	}
}

// setSubscriber puts next in the place of whoever had the id; nil removes.
func (v *View) setSubscriber(id string, next *packed) {
	e, rank := v.subscribers[id], uint32(unsettled)
	if e != nil {
		rank = e.rank()
		v.unlist(e)
	}
	switch {
	case next == nil && e == nil:
		return
	case next == nil:
		delete(v.subscribers, id)
		v.order.remove(e, rank)
		return
	case e == nil:
		e = v.order.add()
	}
	e.own = next.own
	v.subscribers[e.id()] = e // the key, too, is part of the text that is kept now
	v.list(e, next, rank)
}

func (v *View) list(e *entry, p *packed, rank uint32) {
	v.index.add(e, p.areas, rank)
	e.profile = v.number(p.traits)
	e.watched = len(v.memberships[e.id()]) > 0
	contacts := v.profiles[e.profile].contacts
	i := 0
	for address := range e.addresses() {
		channel := contacts[i].Channel
		if v.addresses[channel] == nil {
			v.addresses[channel] = newHolders()
		}
		v.addresses[channel].add(address, e)
		e.watched = e.watched || v.optOuts[channel][address] != nil
		i++
	}
}

func (v *View) unlist(e *entry) {
	v.index.remove(e)
	contacts := v.profiles[e.profile].contacts
	i := 0
	for address := range e.addresses() {
		v.addresses[contacts[i].Channel].remove(address, e)
		i++
	}
}

// number returns where among the profiles the one with these traits is.
func (v *View) number(t unique.Handle[traits]) uint32 {
	n, known := v.numbers[t]
	if !known {
		n = uint32(len(v.profiles))
		v.profiles = append(v.profiles, newProfile(t))
		v.numbers[t] = n
	}
	return n
}

func (v *View) setTeam(id string, t *Team) {
	if old := v.teams[id]; old != nil {
		for _, member := range old.Members {
			v.leave(member, id)
		}
	}
	if t == nil {
		delete(v.teams, id)
		return
	}
	v.teams[id] = t
	for _, member := range t.Members {
		v.join(member, id)
	}
}

func (v *View) setOptOut(key string, o *OptOut) {
	channel, address, _ := parseOptOutKey(key)
	if o == nil {
		delete(v.optOuts[channel], address)
		return
	}
	if v.optOuts[channel] == nil {
		v.optOuts[channel] = map[string]*OptOut{}
	}
	v.optOuts[channel][address] = o
	for _, e := range v.addresses[channel].of(address) {
		e.watched = true
	}
}
