package subscribers

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"revere/alerting"
	"revere/subscribers/internal/sheet"
)

// The columns of a CSV file. Besides these there are, for every channel:
//
//	sms, sms2 … sms9                 addresses
//	sms_min_severity, sms2_min_…     the floor of that contact, where it is not the subscriber's
//
// areas, categories and teams are separated by spaces. prefer lists contact columns, the preferred
// first; contacts that it does not list follow in the order of the columns. shared is true or false.
// Where teams is a column, each subscriber belongs to the teams in it and to no others.
const (
	columnID           = "id"
	columnName         = "name"
	columnOrganization = "organization"
	columnAreas        = "areas"
	columnMinSeverity  = "min_severity"
	columnLanguage     = "language"
	columnCategories   = "categories"
	columnPrefer       = "prefer"
	columnShared       = "shared"
	columnTeams        = "teams"

	floorSuffix = "_" + columnMinSeverity
)

// ImportColumns lists the columns that a CSV file may have, given the known channels. Required are
// id, name, areas and one column of contacts; they may come in any order.
func ImportColumns(channels []string) []string {
	columns := []string{columnID, columnName, columnOrganization, columnAreas, columnMinSeverity}
	contacts := contactColumns(channels)
	for _, c := range contacts {
		columns = append(columns, c.name)
	}
	columns = append(columns, columnLanguage, columnCategories, columnPrefer, columnShared, columnTeams)
	for _, c := range contacts {
		columns = append(columns, c.floor)
	}
	return columns
}

// A contactColumn holds the addresses of each subscriber's first, second, … contact on a channel; floor
// is the column of their floors.
type contactColumn struct{ name, channel, floor string }

func contactColumns(channels []string) []contactColumn {
	var columns []contactColumn
	for n := 1; n <= MaxPerChannel; n++ {
		for _, channel := range channels {
			name := contactColumnName(channel, n)
			columns = append(columns, contactColumn{name, channel, name + floorSuffix})
		}
	}
	return columns
}

func contactColumnName(channel string, n int) string {
	if n == 1 {
		return channel
	}
	return channel + strconv.Itoa(n)
}

func (run *importRun) readCSV(r io.Reader) {
	channels := run.Validator.Channels()
	file, ok := sheet.Open(r, ImportColumns(channels), []string{columnID, columnName, columnAreas}, &run.form)
	if !ok {
		return
	}
	given := file.Columns
	contacts := contactColumns(channels)
	contacts = slices.DeleteFunc(contacts, func(c contactColumn) bool { return !file.Has(c.name) })
	slices.SortFunc(contacts, func(a, b contactColumn) int { return slices.Index(given, a.name) - slices.Index(given, b.name) })
	if len(contacts) == 0 {
		run.form.Add("/rows/1", alerting.CodeMissing, "line 1: the header has no column of contacts, such as %s", strings.Join(channels, ", "))
		return
	}
	reader := csvReader{importRun: run, contacts: contacts, hasTeams: file.Has(columnTeams)}
	for row, more := file.Next(); more; row, more = file.Next() {
		reader.read(row)
	}
	if run.foundNothing() {
		run.form.Add("", alerting.CodeMissing, "the file has a header and no subscribers; nothing was changed")
	}
}

// A csvReader turns rows into candidates.
type csvReader struct {
	*importRun
	contacts []contactColumn // of the header, in its order
	hasTeams bool
}

func (r csvReader) read(row sheet.Row) {
	c := candidate{line: row.Line, Subscriber: Subscriber{
		ID:           row.Get(columnID),
		Name:         row.Get(columnName),
		Organization: row.Get(columnOrganization),
		MinSeverity:  alerting.Severity(row.Get(columnMinSeverity)),
		Language:     row.Get(columnLanguage),
	}}
	note := func(column, code, format string, args ...any) {
		c.problems = append(c.problems, row.Locate(column, alerting.Problem{Code: code, Detail: fmt.Sprintf(format, args...)}))
	}
	c.Shared = shared(row, note)
	for _, area := range strings.Fields(row.Get(columnAreas)) {
		c.Areas = append(c.Areas, alerting.Area(area))
	}
	if categories := row.Get(columnCategories); categories != "" {
		c.Categories = strings.Fields(categories)
	}
	var used []contactColumn
	for _, column := range r.preferred(row, note) {
		address, floor := row.Get(column.name), row.Get(column.floor)
		switch {
		case address != "":
			c.Contacts = append(c.Contacts, Contact{Channel: column.channel, Address: address, MinSeverity: alerting.Severity(floor)})
			used = append(used, column)
		case floor != "":
			note(column.floor, alerting.CodeInvalid, "a floor is given for %s, which is empty", column.name)
		}
	}
	if r.hasTeams {
		teams := strings.Fields(row.Get(columnTeams))
		c.teams = &teams
	}
	line := sheet.Row{Line: row.Line} // without the fields, which need not stay
	c.locate = func(p alerting.Problem) alerting.Problem { return line.Locate(columnOf(p.Pointer, used), p) }
	r.add(c)
}

// A noter notes a problem with one column of a row.
type noter func(column, code, format string, args ...any)

// columnOf finds the column of a pointer into a subscriber's JSON. A problem with all contacts is
// the whole row's.
func columnOf(pointer string, contacts []contactColumn) string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	if parts[0] != "contacts" {
		return parts[0]
	}
	if len(parts) == 1 {
		return ""
	}
	i, err := strconv.Atoi(parts[1])
	if err != nil || i >= len(contacts) {
		return ""
	}
	if parts[len(parts)-1] == columnMinSeverity {
		return contacts[i].floor
	}
	return contacts[i].name
}

// preferred returns the contact columns in the order of one subscriber's preference.
func (r csvReader) preferred(row sheet.Row, note noter) []contactColumn {
	prefer := row.Get(columnPrefer)
	if prefer == "" {
		return r.contacts
	}
	order := make([]contactColumn, 0, len(r.contacts))
	for _, name := range strings.Fields(prefer) {
		i := slices.IndexFunc(r.contacts, func(c contactColumn) bool { return c.name == name })
		switch {
		case i < 0:
			note(columnPrefer, alerting.CodeInvalid, "%q is not a contact column of this file; the nearest is %q", sheet.Clip(name), sheet.Nearest(name, names(r.contacts)))
		case slices.Contains(order, r.contacts[i]):
			note(columnPrefer, alerting.CodeDuplicate, "%q is given twice", name)
		default:
			order = append(order, r.contacts[i])
		}
	}
	for _, c := range r.contacts {
		if !slices.Contains(order, c) {
			order = append(order, c)
		}
	}
	return order
}

func names(columns []contactColumn) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.name
	}
	return list
}

func shared(row sheet.Row, note noter) bool {
	switch s := strings.ToLower(row.Get(columnShared)); s {
	case "", "false", "no", "0":
		return false
	case "true", "yes", "1":
		return true
	default:
		note(columnShared, alerting.CodeInvalid, "%q is neither true nor false", sheet.Clip(s))
		return false
	}
}
