package subscribers

import (
	"runtime"
	"slices"

	"revere/alerting"
)

// Candidates returns whom an alert reaches, as Match does, with what a manifest holds of each and why
// a contact must not be used. on reports whether a channel is configured. What is in the lists is shared: the
// caller must not change it.
func (v *View) Candidates(alert []alerting.Area, severity alerting.Severity, categories []string, on func(channel string) bool) alerting.Candidates {
	plans := v.plans(v.choices(severity, categories), on)
	members := slices.DeleteFunc(v.within(alert), func(m member) bool { return len(plans[m.profile]) == 0 })
	candidates := alerting.Candidates{Recipients: make([]alerting.Recipient, len(members)), Contacts: make([][]alerting.Planned, len(members))}
	var parts []func()
	each := max(len(members)/runtime.GOMAXPROCS(0)+1, fewCandidates)
	for begin := 0; begin < len(members); begin += each {
		end := min(begin+each, len(members))
		parts = append(parts, func() {
			v.candidates(candidates.Recipients[begin:end], candidates.Contacts[begin:end], members[begin:end], plans)
		})
	}
	alerting.Together(parts...)
	return candidates
}

// fewCandidates are made sooner than another processor could begin to help.
const fewCandidates = 1000

func (v *View) candidates(recipients []alerting.Recipient, contacts [][]alerting.Planned, members []member, plans [][]plannedContact) {
	n := 0
	for _, m := range members {
		n += len(plans[m.profile])
	}
	all := make([]alerting.Planned, n)
	for i, m := range members {
		plan := plans[m.profile]
		contacts[i], all = all[:len(plan):len(plan)], all[len(plan):]
		v.candidate(&recipients[i], contacts[i], m, plan)
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

func (v *View) candidate(r *alerting.Recipient, own []alerting.Planned, m member, plan []plannedContact) {
	id, name, addresses := m.named()
	profile := v.profiles[m.profile]
	r.Subscriber, r.Name, r.Organization = id, name, m.organization.Value()
	if r.Areas, r.Language, r.Shared = m.areas, profile.language, profile.shared; m.watched {
		r.Teams = v.memberships[id]
	}
	next := 0
	for i, contact := range plan {
		own[i] = contact.planned
		for ; next <= contact.at; next++ {
			own[i].Address, addresses = cutField(addresses)
		}
		if m.watched && own[i].Suppressed == "" {
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
