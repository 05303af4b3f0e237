package subscribers

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"revere/alerting"
	"revere/subscribers/areas"
)

// Revision is the directory's sequence that the view shows.
func (v *View) Revision() uint64 { return v.revision }

// Atlas is the atlas at this revision.
func (v *View) Atlas() *areas.Table { return v.atlas.Snapshot() }

// Len is how many subscribers there are.
func (v *View) Len() int { return len(v.subscribers) }

// Subscriber returns the subscriber with the id.
func (v *View) Subscriber(id string) (*Subscriber, bool) {
	e, ok := v.subscribers[id]
	if !ok {
		return nil, false
	}
	return v.unpack(e), true
}

// ByAddress returns all who have the address among their contacts, in the order of their ids: they
// share its messages, and its answers count for each of them.
func (v *View) ByAddress(channel, address string) []*Subscriber {
	var holders []*Subscriber
	for _, e := range v.addresses[channel].of(address) {
		holders = append(holders, v.unpack(e))
	}
	slices.SortFunc(holders, func(a, b *Subscriber) int { return cmp.Compare(a.ID, b.ID) })
	return holders
}

// OptedOut returns the opt-out of an address on a channel.
func (v *View) OptedOut(channel, address string) (OptOut, bool) {
	o, ok := v.optOuts[channel][address]
	if !ok {
		return OptOut{}, false
	}
	return *o, true
}

// Team returns the team with the id, not to be changed.
func (v *View) Team(id string) (*Team, bool) {
	t, ok := v.teams[id]
	return t, ok
}

// Teams returns all teams in the order of their ids.
func (v *View) Teams() []*Team {
	teams := make([]*Team, 0, len(v.teams))
	for _, id := range slices.Sorted(maps.Keys(v.teams)) {
		teams = append(teams, v.teams[id])
	}
	return teams
}

// TeamsOf returns the ids of the subscriber's teams, in order.
func (v *View) TeamsOf(subscriber string) []string { return slices.Clone(v.memberships[subscriber]) }

// RemoveSubscriber returns the changes that remove a subscriber, from the teams as well. The error
// has CodeNotFound.
func (v *View) RemoveSubscriber(id string) ([]Change, error) {
	if _, ok := v.subscribers[id]; !ok {
		return nil, alerting.Errorf(alerting.CodeNotFound, "there is no subscriber %q; `revere subscribers list` shows the ids", id)
	}
	changes := []Change{Remove(ChangeSubscriber, id)}
	for _, team := range v.memberships[id] {
		changed := *v.teams[team]
		changed.Members = slices.DeleteFunc(slices.Clone(changed.Members), func(m string) bool { return m == id })
		changes = append(changes, changed.Put())
	}
	return changes, nil
}

// MaxPage bounds a page of List.
const MaxPage = 1000

// A Query says which subscribers to list.
type Query struct {
	// Area, where set, keeps those whom an alert for the area would reach, whatever its severity.
	Area alerting.Area
	// Text, where set, keeps those who have it in their id, name, organization or an address; case
	// does not matter.
	Text string
	// After is the id that the page before ended with; empty begins.
	After string
	// Limit is how many at most, 1 to MaxPage; 0 and anything beyond mean MaxPage.
	Limit int
}

// List returns the subscribers that the query asks for in the order of their ids, and the After of
// the next page, empty on the last one.
func (v *View) List(q Query) (page []*Subscriber, next string) {
	if q.Limit <= 0 || q.Limit > MaxPage {
		q.Limit = MaxPage
	}
	text := strings.ToLower(q.Text)
	entries := v.listed(q.Area)
	from, there := slices.BinarySearchFunc(entries, q.After, func(e *entry, id string) int { return cmp.Compare(e.id(), id) })
	if there {
		from++
	}
	for _, e := range entries[from:] {
		if !e.mentions(text) {
			continue
		}
		if len(page) == q.Limit {
			return page, page[len(page)-1].ID
		}
		page = append(page, v.unpack(e))
	}
	return page, ""
}

// listed returns the entries that an alert for the area would reach, all where it is empty, in order.
func (v *View) listed(area alerting.Area) []*entry {
	if area == "" {
		return v.order.all()
	}
	members := v.within([]alerting.Area{area})
	entries := make([]*entry, len(members))
	for i, m := range members {
		entries[i] = m.entry
	}
	return entries
}

// mentions reports whether a text in lower case is in what List looks at.
func (p own) mentions(text string) bool {
	has := func(field string) bool { return strings.Contains(strings.ToLower(field), text) }
	if text == "" || has(p.organization.Value()) {
		return true
	}
	for field := range fields(p.text) {
		if has(field) {
			return true
		}
	}
	return false
}

// All calls f with every subscriber in the order of their ids until it returns false.
func (v *View) All(f func(*Subscriber) bool) {
	for _, e := range v.order.all() {
		if !f(v.unpack(e)) {
			return
		}
	}
}
