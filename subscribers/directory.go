package subscribers

import (
	"fmt"
	"slices"
	"sync"

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
		index:       index{},
		addresses:   map[string]map[string][]*entry{},
		teams:       map[string]*Team{},
		memberships: map[string][]string{},
		optOuts:     map[string]map[string]*OptOut{},
		interned:    map[string]string{},
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
	var problems alerting.Problems
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, value := range values {
		if errs[i] != nil {
			problems.Add(fmt.Sprintf("/%d", i), alerting.CodeOf(errs[i]), "%s", errs[i].Error())
			continue
		}
		d.view.apply(value)
	}
	d.view.revision = revision
	return problems.Err("some changes of the directory were passed over")
}

// A View is the directory at one revision, within Read.
type View struct {
	revision    uint64
	atlas       *areas.Table
	subscribers map[string]*entry
	sorted      sortedIDs
	index       index
	addresses   map[string]map[string][]*entry // by channel and address
	teams       map[string]*Team
	memberships map[string][]string // the ids of a subscriber's teams, in order
	optOuts     map[string]map[string]*OptOut
	interned    map[string]string
}

// An entry holds a subscriber's place in the index. It stays while the subscriber is replaced.
type entry struct {
	*Subscriber
	// places are the positions in the index of this entry, one for each of the areas.
	places []int32
}

func (v *View) apply(c decoded) {
	switch c.Kind {
	case ChangeSubscriber:
		v.setSubscriber(c.ID, c.subscriber)
	case ChangeTeam:
		v.setTeam(c.ID, c.team)
	case ChangeOptOut:
		v.setOptOut(c.ID, c.optOut)
	case ChangeAreas:
		v.atlas.Replace(c.ID, c.rows)
	}
}

// setSubscriber puts s in the place of whoever had the id; nil removes.
func (v *View) setSubscriber(id string, s *Subscriber) {
	e := v.subscribers[id]
	if e != nil {
		v.unlist(e)
	}
	if s == nil {
		if e != nil {
			delete(v.subscribers, id)
			v.sorted.remove(id)
		}
		return
	}
	v.intern(s)
	if e == nil {
		e = &entry{}
		v.subscribers[s.ID] = e
		v.sorted.add(s.ID)
	}
	e.Subscriber = s
	v.list(e)
}

func (v *View) list(e *entry) {
	v.index.add(e)
	for _, c := range e.Contacts {
		channel := v.addresses[c.Channel]
		if channel == nil {
			channel = map[string][]*entry{}
			v.addresses[c.Channel] = channel
		}
		holders := channel[c.Address]
		if len(holders) == 0 || holders[len(holders)-1] != e {
			channel[c.Address] = append(holders, e)
		}
	}
}

func (v *View) unlist(e *entry) {
	v.index.remove(e)
	for _, c := range e.Contacts {
		channel := v.addresses[c.Channel]
		left := slices.DeleteFunc(channel[c.Address], func(o *entry) bool { return o == e })
		if len(left) == 0 {
			delete(channel, c.Address)
			continue
		}
		channel[c.Address] = left
	}
}

// intern makes equal strings one: a hundred thousand subscribers have few organizations, areas and
// languages between them.
func (v *View) intern(s *Subscriber) {
	one := func(s string) string {
		if known, ok := v.interned[s]; ok {
			return known
		}
		v.interned[s] = s
		return s
	}
	s.Organization, s.Language = one(s.Organization), one(s.Language)
	s.MinSeverity = alerting.Severity(one(string(s.MinSeverity)))
	for i := range s.Areas {
		s.Areas[i] = alerting.Area(one(string(s.Areas[i])))
	}
	for i := range s.Categories {
		s.Categories[i] = one(s.Categories[i])
	}
	for i := range s.Contacts {
		c := &s.Contacts[i]
		c.Channel, c.MinSeverity = one(c.Channel), alerting.Severity(one(string(c.MinSeverity)))
	}
	s.Areas, s.Categories, s.Contacts = slices.Clip(s.Areas), slices.Clip(s.Categories), slices.Clip(s.Contacts)
}

func (v *View) setTeam(id string, t *Team) {
	if old := v.teams[id]; old != nil {
		for _, member := range old.Members {
			v.memberships[member] = slices.DeleteFunc(v.memberships[member], func(team string) bool { return team == id })
			if len(v.memberships[member]) == 0 {
				delete(v.memberships, member)
			}
		}
	}
	if t == nil {
		delete(v.teams, id)
		return
	}
	v.teams[id] = t
	for _, member := range t.Members {
		at, listed := slices.BinarySearch(v.memberships[member], id)
		if !listed {
			v.memberships[member] = slices.Insert(v.memberships[member], at, id)
		}
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
}
