package subscribers

import "revere/alerting"

// Candidates returns whom an alert reaches, as Match does, with what a manifest holds of each and why
// a contact must not be used. on reports whether a channel is configured. The lists are shared: the
// caller must not change them.
func (v *View) Candidates(alert []alerting.Area, severity alerting.Severity, categories []string, on func(channel string) bool) []alerting.Candidate {
	var candidates []alerting.Candidate
	var contacts []alerting.Planned // not used yet
	plans := v.plans(v.choices(severity, categories), on)
	v.within(alert, func(n int) { candidates = make([]alerting.Candidate, 0, n) }, func(e *entry, areas []alerting.Area) {
		plan := plans[e.profile]
		if len(plan) == 0 {
			return
		}
		if len(contacts) < len(plan) {
			contacts = make([]alerting.Planned, len(plan)*min(contactsAtOnce, cap(candidates)-len(candidates)))
		}
		own := contacts[:len(plan):len(plan)]
		contacts = contacts[len(plan):]
		candidates = candidates[:len(candidates)+1]
		v.candidate(&candidates[len(candidates)-1], e, areas, plan, own)
	})
	return candidates
}

// contactsAtOnce is for how many candidates contacts are allocated together.
const contactsAtOnce = 1000

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
