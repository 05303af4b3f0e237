package subscribers

import (
	"runtime"
	"slices"

	"revere/alerting"
)

// Candidates returns whom an alert reaches, as Match does, with what a manifest holds of each and why
// a contact must not be used. on reports whether a channel is configured. The lists are shared: the
// caller must not change them.
func (v *View) Candidates(alert []alerting.Area, severity alerting.Severity, categories []string, on func(channel string) bool) []alerting.Candidate {
	plans := v.plans(v.choices(severity, categories), on)
	members := slices.DeleteFunc(v.within(alert), func(m member) bool { return len(plans[m.profile]) == 0 })
	candidates := make([]alerting.Candidate, len(members))
	var parts []func()
	each := max(len(members)/runtime.GOMAXPROCS(0)+1, fewCandidates)
	for begin := 0; begin < len(members); begin += each {
		end := min(begin+each, len(members))
		parts = append(parts, func() { v.candidates(candidates[begin:end], members[begin:end], plans) })
	}
	alerting.Together(parts...)
	return candidates
}

// fewCandidates are made sooner than another processor could begin to help.
const fewCandidates = 1000

func (v *View) candidates(candidates []alerting.Candidate, members []member, plans [][]plannedContact) {
	n := 0
	for _, m := range members {
		n += len(plans[m.profile])
	}
	contacts := make([]alerting.Planned, n)
	for i, m := range members {
		plan := plans[m.profile]
		v.candidate(&candidates[i], m.entry, m.areas, plan, contacts[:len(plan):len(plan)])
		contacts = contacts[len(plan):]
	}
}

// A plannedContact is one of a profile's contacts as every subscriber with the profile has it.
type plannedContact struct {
	at      int // among the profile's contacts
	planned alerting.Planned
}

// plans are for each profile the contacts that an alert reaches.
func (v *View) plans(choices choices, on func(channel string) bool) [][]plannedContact {
	plans := make([][]plannedContact, len(choices))
	for i, chosen := range choices {
		for _, at := range chosen {
			c := plannedContact{at, alerting.Planned{Channel: v.profiles[i].contacts[at].Channel}}
			if !on(c.planned.Channel) {
				c.planned.Suppressed = "the " + c.planned.Channel + " channel is not configured"
			}
			plans[i] = append(plans[i], c)
		}
	}
	return plans
}

func (v *View) candidate(c *alerting.Candidate, e *entry, areas []alerting.Area, plan []plannedContact, own []alerting.Planned) {
	id, name, addresses := e.named()
	profile := v.profiles[e.profile]
	c.Recipient.Subscriber, c.Recipient.Name, c.Recipient.Organization = id, name, e.organization.Value()
	c.Recipient.Areas, c.Recipient.Language, c.Recipient.Shared = areas, profile.language, profile.shared
	if c.Contacts = own; e.watched {
		c.Recipient.Teams = v.memberships[id]
	}
	next := 0
	for i, contact := range plan {
		own[i] = contact.planned
		for ; next <= contact.at; next++ {
			own[i].Address, addresses = cutField(addresses)
		}
		if e.watched && own[i].Suppressed == "" {
			own[i].Suppressed = v.refusal(own[i].Channel, own[i].Address)
		}
	}
}

// refusal says why an address must not be used; empty when it may.
func (v *View) refusal(channel, address string) string {
	if o := v.optOuts[channel][address]; o != nil {
		return "opted out: " + o.Reason
	}
	return ""
}
