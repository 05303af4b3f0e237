package subscribers

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unique"
)

// An export is what goes into a file, taken from the directory at once: a reader of the file, however
// slow, holds up no change. It stays packed until it is written.
type export struct {
	subscribers []packed
	teams       map[string][]string // of those who have any
}

func newExport(d *Directory) export {
	var out export
	d.Read(func(v *View) {
		out.subscribers, out.teams = make([]packed, 0, v.Len()), maps.Clone(v.memberships)
		for _, e := range v.order.all() {
			out.subscribers = append(out.subscribers, v.packed(e))
		}
	})
	return out
}

// ExportCSV writes all subscribers as CSV in the order of their ids. The columns of contacts come in
// the order of channels, which lists the known ones. Importing the file changes nothing.
func (d *Directory) ExportCSV(w io.Writer, channels []string) error {
	out := newExport(d)
	layout := out.layout(channels)
	writer := csv.NewWriter(w)
	if err := writer.Write(layout.header()); err != nil {
		return err
	}
	for _, p := range out.subscribers {
		s := p.unpack()
		if err := writer.Write(layout.row(s, out.teams[s.ID])); err != nil {
			return err
		}
	}
	writer.Flush()
	return writer.Error()
}

// ExportJSON writes all subscribers as a JSON array in the order of their ids, one a line. Importing
// it changes nothing.
func (d *Directory) ExportJSON(w io.Writer) error {
	out := newExport(d)
	buffered := bufio.NewWriter(w)
	// What a bufio.Writer is told after a failure it refuses too, and Flush returns the first one.
	_, _ = buffered.WriteString("[")
	for i, p := range out.subscribers {
		l := listed{Subscriber: *p.unpack()}
		if teams := out.teams[l.ID]; len(teams) > 0 {
			l.Teams = &teams
		}
		raw, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if i > 0 {
			_, _ = buffered.WriteString(",")
		}
		_, _ = buffered.WriteString("\n")
		_, _ = buffered.Write(raw)
	}
	_, _ = buffered.WriteString("\n]\n")
	return buffered.Flush()
}

// A layout is the columns that an export needs for all subscribers in it.
type layout struct {
	contacts  []string // columns of addresses
	floors    []string // those of contacts that have floors of their own
	withTeams bool
}

func (out export) layout(channels []string) layout {
	used, floored := map[string]bool{}, map[string]bool{}
	var l layout
	seen := map[unique.Handle[traits]]bool{}
	for _, p := range out.subscribers {
		l.withTeams = l.withTeams || len(out.teams[p.id()]) > 0
		if seen[p.traits] {
			continue
		}
		seen[p.traits] = true
		contacts := newProfile(p.traits).contacts
		for i, name := range columnsOf(contacts) {
			used[name] = true
			if contacts[i].MinSeverity != "" {
				floored[name] = true
			}
			if !slices.Contains(channels, contacts[i].Channel) {
				channels = append(slices.Clip(channels), contacts[i].Channel)
			}
		}
	}
	for i, c := range contactColumns(channels) {
		if first := i < len(channels); first || used[c.name] {
			l.contacts = append(l.contacts, c.name)
		}
		if floored[c.name] {
			l.floors = append(l.floors, c.name)
		}
	}
	return l
}

// columnsOf names the column of each of a subscriber's contacts: sms, email, sms2.
func columnsOf(contacts []Contact) []string {
	columns := make([]string, len(contacts))
	count := map[string]int{}
	for i, c := range contacts {
		count[c.Channel]++
		columns[i] = contactColumnName(c.Channel, count[c.Channel])
	}
	return columns
}

func (l layout) header() []string {
	header := []string{columnID, columnName, columnOrganization, columnAreas, columnMinSeverity}
	header = append(header, l.contacts...)
	header = append(header, columnLanguage, columnCategories, columnPrefer, columnShared)
	for _, name := range l.floors {
		header = append(header, name+floorSuffix)
	}
	if l.withTeams {
		header = append(header, columnTeams)
	}
	return header
}

func (l layout) row(s *Subscriber, teams []string) []string {
	columns := columnsOf(s.Contacts)
	at := func(name string) Contact {
		if i := slices.Index(columns, name); i >= 0 {
			return s.Contacts[i]
		}
		return Contact{}
	}
	row := []string{s.ID, s.Name, s.Organization, joined(s.Areas), string(s.MinSeverity)}
	for _, name := range l.contacts {
		row = append(row, at(name).Address)
	}
	row = append(row, s.Language, joined(s.Categories), l.prefer(columns), strconv.FormatBool(s.Shared))
	for _, name := range l.floors {
		row = append(row, string(at(name).MinSeverity))
	}
	if l.withTeams {
		row = append(row, joined(teams))
	}
	return row
}

// prefer is empty where the order of preference is that of the columns.
func (l layout) prefer(columns []string) string {
	inOrder := slices.IsSortedFunc(columns, func(a, b string) int {
		return slices.Index(l.contacts, a) - slices.Index(l.contacts, b)
	})
	if inOrder {
		return ""
	}
	return joined(columns)
}

func joined[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return strings.Join(texts, " ")
}
