package registry

import (
	"revere/alerting"
	"revere/subscribers"
)

// An Audience finds in the directory whom an alert concerns. It implements alerting.Audience.
type Audience struct {
	Directory *subscribers.Directory
	// On reports whether a channel is configured: contacts on one that is not can't be used.
	On func(channel string) bool
}

// Match implements alerting.Audience.
func (a Audience) Match(areas []alerting.Area, severity alerting.Severity, categories []string) (concerned []alerting.Candidate, uncovered []alerting.Area, revision uint64) {
	a.Directory.Read(func(v *subscribers.View) {
		revision = v.Revision()
		uncovered = v.Uncovered(areas)
		matched := v.Match(areas, severity, categories)
		concerned = make([]alerting.Candidate, len(matched))
		for i, m := range matched {
			concerned[i] = a.candidate(v, m)
		}
	})
	return concerned, uncovered, revision
}

// Unplaced lists subscribed areas that an alert may concern and does not reach, since the atlas
// does not know in which county they lie.
func (a Audience) Unplaced(areas []alerting.Area) (unplaced []alerting.Area) {
	a.Directory.Read(func(v *subscribers.View) { unplaced = v.Unplaced(areas) })
	return unplaced
}

func (a Audience) candidate(v *subscribers.View, m subscribers.Matched) alerting.Candidate {
	s := m.Subscriber
	c := alerting.Candidate{
		Recipient: alerting.Recipient{
			Subscriber: s.ID, Name: s.Name, Organization: s.Organization, Areas: m.Areas, Language: s.Language, Shared: s.Shared, Teams: v.TeamsOf(s.ID),
		},
		Contacts: make([]alerting.Planned, len(m.Contacts)),
	}
	for i, contact := range m.Contacts {
		c.Contacts[i] = alerting.Planned{Channel: contact.Channel, Address: contact.Address, Suppressed: a.suppressed(v, contact)}
	}
	return c
}

// suppressed says why a contact must not be used; empty when it may.
func (a Audience) suppressed(v *subscribers.View, c subscribers.Contact) string {
	if !a.On(c.Channel) {
		return "the " + c.Channel + " channel is not configured"
	}
	if o, ok := v.OptedOut(c.Channel, c.Address); ok {
		return "opted out: " + o.Reason
	}
	return ""
}
