package alerting

import (
	"slices"
	"strings"
)

// An Area is a place that an alert concerns, as its key: "ma.boston", "ma.county-suffolk",
// "ma.statewide" or "us.nationwide". A key is a state, a dot and a slug; it is the tail of the
// subject that alerts for the area are published on.
type Area string

// Nationwide is the whole country.
const Nationwide Area = Nation + ".nationwide"

const (
	statewide    = "statewide"
	nationwide   = "nationwide"
	countyPrefix = "county-"

	// MaxSlug bounds a slug, in bytes.
	MaxSlug = 80
)

// SubjectPrefix begins every subject that alerts are published on.
const SubjectPrefix = "alerts."

// An AreaKind tells what an area is.
type AreaKind string

// The kinds, from the widest.
const (
	KindNation       AreaKind = "nation"
	KindState        AreaKind = "state"
	KindCounty       AreaKind = "county"
	KindMunicipality AreaKind = "municipality"
)

// ParseArea reads an area's key. "ma" is short for "ma.statewide" and "us" for "us.nationwide".
// It knows the states, and only the form of everything below them: whether a municipality exists
// is for an Atlas to say.
func ParseArea(key string) (Area, error) {
	state, slug, found := strings.Cut(key, ".")
	if state == Nation {
		if found && slug != nationwide {
			return "", Errorf(CodeUnknownArea, "%q: the country has one area, %q", key, Nationwide)
		}
		return Nationwide, nil
	}
	if _, ok := StateByCode(state); !ok {
		return "", Errorf(CodeUnknownArea, "%q: %q is not a lower-case USPS state code such as \"ma\"", key, state)
	}
	if !found {
		return Area(state + "." + statewide), nil
	}
	if slug == nationwide {
		return "", Errorf(CodeUnknownArea, "%q: the whole country is %q, the whole state %q", key, Nationwide, state+"."+statewide)
	}
	if !ValidSlug(strings.TrimPrefix(slug, countyPrefix)) {
		return "", Errorf(CodeUnknownArea, "%q: %q is not a slug (lower-case letters, digits and single hyphens, such as \"county-suffolk\" or \"boston\")", key, slug)
	}
	return Area(key), nil
}

// AreaOfSubject returns the area that a subject such as "alerts.ma.boston" names.
func AreaOfSubject(subject string) (Area, error) {
	key, ok := strings.CutPrefix(subject, SubjectPrefix)
	if !ok || strings.Count(key, ".") != 1 {
		return "", Errorf(CodeUnknownArea, "subject %q is not alerts.<state>.<municipality>", subject)
	}
	return ParseArea(key)
}

// ValidSlug reports whether s is lower-case letters, digits and single inner hyphens.
func ValidSlug(s string) bool {
	if s == "" || len(s) > MaxSlug || s[0] == '-' || s[len(s)-1] == '-' || strings.Contains(s, "--") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// StateArea is the whole of a state, given its lower-case USPS code.
func StateArea(code string) Area { return Area(code + "." + statewide) }

// CountyArea is a county, given its state's code and its slug without "county-".
func CountyArea(state, slug string) Area { return Area(state + "." + countyPrefix + slug) }

// State returns the lower-case USPS code, or "us".
func (a Area) State() string {
	state, _, _ := strings.Cut(string(a), ".")
	return state
}

// Slug returns what follows the state.
func (a Area) Slug() string {
	_, slug, _ := strings.Cut(string(a), ".")
	return slug
}

// Subject returns the subject on which alerts for the area are published.
func (a Area) Subject() string { return SubjectPrefix + string(a) }

// Kind tells what the area is, from its key alone.
func (a Area) Kind() AreaKind {
	switch slug := a.Slug(); {
	case a == Nationwide:
		return KindNation
	case slug == statewide:
		return KindState
	case strings.HasPrefix(slug, countyPrefix):
		return KindCounty
	default:
		return KindMunicipality
	}
}

// An Atlas knows which areas there are and how they lie in each other.
type Atlas interface {
	// Resolve returns the area that a key or an alias (GEOID, FIPS or SAME code) names. Its error
	// has CodeUnknownArea and names the nearest area. known is false for a municipality that is
	// well formed, in a state whose municipalities nobody has imported.
	Resolve(name string) (area Area, known bool, err error)
	// Name returns the area's name for people: "Boston", "Suffolk County", "Massachusetts".
	Name(Area) string
	// Covers reports whether inner lies wholly within outer. An area covers itself.
	Covers(outer, inner Area) bool
	// Overlaps reports whether the two have ground in common.
	Overlaps(a, b Area) bool
	// Narrowest returns the smallest area that covers all those given.
	Narrowest([]Area) Area
}

// ListAreas names areas in a sentence: "ma.boston, ma.lynn".
func ListAreas(areas []Area) string { return list(areas) }

// UnionAreas is x with what y has besides, each once, in their order. Appending to it changes neither.
func UnionAreas(x, y []Area) []Area {
	x = slices.Clip(x)
	if len(x)+len(y) <= few { // as nearly always: a subscriber's
		for _, area := range y {
			if !slices.Contains(x, area) {
				x = append(x, area)
			}
		}
		return slices.Clip(x)
	}
	have := make(map[Area]bool, len(x)+len(y))
	for _, area := range x {
		have[area] = true
	}
	for _, area := range y {
		if !have[area] {
			have[area] = true
			x = append(x, area)
		}
	}
	return slices.Clip(x)
}

// few is how many areas are sooner compared with each other than looked up.
const few = 32
