package wording

import (
	"slices"
	"strconv"

	"revere/alerting"
)

// place says in a few words where: "Boston", "Boston and 2 more".
func (d Desk) place(own []alerting.Area, alert *alerting.Alert) string {
	areas := d.areas(own, alert)
	if len(areas) == 0 {
		return "your area"
	}
	return andMore(d.name(areas[0]), len(areas)-1)
}

// andMore names one of several: "Boston and 2 more".
func andMore(name string, more int) string {
	if more == 0 {
		return name
	}
	return name + " and " + strconv.Itoa(more) + " more"
}

func (d Desk) name(a alerting.Area) string {
	if name := line(d.Atlas.Name(a)); name != "" {
		return name
	}
	return string(a)
}

// areas lists where an alert applies for a recipient: the ground that each of the recipient's own
// areas has in common with it, then the rest of the alert's areas. What lies in another of the list
// is left out.
func (d Desk) areas(own []alerting.Area, alert *alerting.Alert) []alerting.Area {
	var areas, rest []alerting.Area
	for _, area := range d.widest(slices.Clone(alert.Areas)) {
		shared := false
		for _, mine := range own {
			if d.Atlas.Overlaps(mine, area) {
				areas = append(areas, d.narrower(mine, area))
				shared = true
			}
		}
		if !shared {
			rest = append(rest, area)
		}
	}
	d.sortByOwn(areas, own)
	return d.widest(unique(append(areas, rest...)))
}

// narrower is the one of two overlapping areas that lies in the other; the alert's where neither does.
func (d Desk) narrower(own, alerts alerting.Area) alerting.Area {
	if d.Atlas.Covers(alerts, own) {
		return own
	}
	return alerts
}

// sortByOwn brings areas into the order of the recipient's own areas.
func (d Desk) sortByOwn(areas, own []alerting.Area) {
	rank := func(a alerting.Area) int {
		return slices.IndexFunc(own, func(mine alerting.Area) bool { return d.Atlas.Overlaps(mine, a) })
	}
	slices.SortStableFunc(areas, func(a, b alerting.Area) int { return rank(a) - rank(b) })
}

func unique(areas []alerting.Area) []alerting.Area {
	seen := make(map[alerting.Area]bool, len(areas))
	return slices.DeleteFunc(areas, func(a alerting.Area) bool {
		again := seen[a]
		seen[a] = true
		return again
	})
}

// widest drops what a wider area of the list covers.
func (d Desk) widest(areas []alerting.Area) []alerting.Area {
	var wide []alerting.Area
	for _, a := range areas {
		if a.Kind() != alerting.KindMunicipality {
			wide = append(wide, a)
		}
	}
	return slices.DeleteFunc(areas, func(a alerting.Area) bool {
		return slices.ContainsFunc(wide, func(b alerting.Area) bool {
			return breadth(b) > breadth(a) && d.Atlas.Covers(b, a)
		})
	})
}

func breadth(a alerting.Area) int {
	switch a.Kind() {
	case alerting.KindNation:
		return 3
	case alerting.KindState:
		return 2
	case alerting.KindCounty:
		return 1
	default:
		return 0
	}
}
