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
func (a Audience) Match(areas []alerting.Area, severity alerting.Severity, categories []string) (concerned alerting.Candidates, uncovered []alerting.Area, revision uint64) {
	a.Directory.Read(func(v *subscribers.View) {
		revision = v.Revision()
		uncovered = v.Uncovered(areas)
		concerned = v.Candidates(areas, severity, categories, a.On)
	})
	return concerned, uncovered, revision
}

// Unplaced lists subscribed areas that an alert may concern and does not reach, since the atlas
// does not know in which county they lie.
func (a Audience) Unplaced(areas []alerting.Area) (unplaced []alerting.Area) {
	a.Directory.Read(func(v *subscribers.View) { unplaced = v.Unplaced(areas) })
	return unplaced
}
