package areas

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"revere/alerting"
)

const countyPrefix = "county-"

// Slug makes a slug of a name: accents dropped, lower case, hyphens for what is neither letter nor
// digit; periods and apostrophes vanish. "La Cañada", "St. Mary's" and "Coeur d'Alene" become
// "la-canada", "st-marys" and "coeur-dalene". It is empty where nothing of the name remains.
func Slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(name) {
		r = unicode.ToLower(r)
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r), r == '.', r == '\'', r == '’', r == 'ʻ':
		default:
			gap = true
		}
	}
	return cut(b.String(), alerting.MaxSlug)
}

func cut(slug string, limit int) string {
	if len(slug) <= limit {
		return slug
	}
	return strings.TrimRight(slug[:limit], "-")
}

// SlugsFor returns a slug for each of a state's municipalities, in their order. A row's own slug
// stands. The others get the shortest that is theirs alone: the base name ("boston"); where base
// names collide, with the kind ("madison-city", "madison-town"); where those collide too, with the
// counties ("jackson-township-allen"); and last with the GEOID ("liberty-borough-4263064"). All who
// collide grow, so that the slugs depend on which rows there are and not on their order. A name that
// would be taken for a reserved word is turned round: "town-of-county-line".
//
// A slug is empty where the name has nothing to make one of, and given twice only where two rows
// are the same in name, kind, counties and GEOID; both are for the caller to refuse.
func SlugsFor(rows []Municipality) []string {
	slugs := make([]string, len(rows))
	form := make([]int, len(rows))
	for {
		holders := make(map[string][]int, len(rows))
		for i, row := range rows {
			slugs[i] = row.slugAt(form[i])
			holders[slugs[i]] = append(holders[slugs[i]], i)
		}
		grown := false
		for _, sharing := range holders {
			if len(sharing) < 2 {
				continue
			}
			for _, i := range sharing {
				if rows[i].Slug == "" && form[i] < longestForm {
					form[i]++
					grown = true
				}
			}
		}
		if !grown {
			return slugs
		}
	}
}

// The forms of a slug, from the shortest.
const (
	bareForm = iota
	kindForm
	countyForm
	longestForm // with the GEOID
)

func (m Municipality) slugAt(form int) string {
	if m.Slug != "" {
		return m.Slug
	}
	base := Slug(m.baseName())
	if base == "" {
		return ""
	}
	if reserved(base) {
		kind := Slug(m.Kind)
		if kind == "" {
			kind = "place"
		}
		base = kind + "-of-" + base
	}
	parts := []string{base}
	if form >= kindForm && m.Kind != "" {
		parts = append(parts, Slug(m.Kind))
	}
	if form >= countyForm {
		for _, county := range slices.Sorted(slices.Values(m.Counties)) {
			parts = append(parts, strings.TrimPrefix(county.Slug(), countyPrefix))
		}
	}
	if form == longestForm && m.GEOID != "" {
		return cut(strings.Join(parts, "-"), alerting.MaxSlug-1-len(m.GEOID)) + "-" + m.GEOID
	}
	return cut(strings.Join(parts, "-"), alerting.MaxSlug)
}

// reserved reports whether a slug means something other than a municipality.
func reserved(slug string) bool {
	return slug == alerting.Nationwide.Slug() || slug == alerting.StateArea("").Slug() || strings.HasPrefix(slug, countyPrefix)
}
