// Package sheet reads spreadsheets as people save them: CSV (RFC 4180) in UTF-8 with a header row,
// columns in any order, with or without a byte order mark. It names what is wrong by line and column.
package sheet

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agext/levenshtein"

	"revere/alerting"
)

// A Sheet is a CSV file whose header has been read.
type Sheet struct {
	// Columns are those of the header, in its order.
	Columns []string

	reader *csv.Reader
	report *Report
	at     map[string]int
	failed bool
}

// saveAs is the fix that spreadsheets offer in these words.
const saveAs = `line 1: %s; save it as "CSV UTF-8 (comma delimited)"`

// Open reads the header. Every column must be one of known, and all of required must be there;
// what is wrong goes to report, and ok is false when the rows can't be read for it.
func Open(r io.Reader, known, required []string, report *Report) (s *Sheet, ok bool) {
	content := skipMark(r)
	start, _ := content.Peek(4096)
	workbook := strings.HasPrefix(string(start), "PK\x03\x04") // a ZIP, as workbooks are
	s = &Sheet{reader: csv.NewReader(content), report: report, at: map[string]int{}}
	s.reader.FieldsPerRecord = -1
	s.reader.TrimLeadingSpace = true
	header, err := s.reader.Read()
	switch {
	case errors.Is(err, io.EOF):
		report.Add("/rows/1", alerting.CodeMissing, "the file is empty; its first line must name the columns: %s", strings.Join(required, ","))
		return s, false
	case workbook:
		report.Add("/rows/1", alerting.CodeMalformed, saveAs, "the file is a workbook and not CSV")
		return s, false
	case err != nil:
		if line, _, whole := strings.Cut(string(start), "\n"); whole { // quotes beside what is no comma
			header = strings.Split(line, ",")
		}
		if otherFormat(header) == "" {
			s.fail(err)
			return s, false
		}
	}
	if other := otherFormat(header); other != "" { // every column would be unknown: one thing is wrong
		report.Add("/rows/1", alerting.CodeMalformed, saveAs, other)
		return s, false
	}
	before := report.Count()
	for i, name := range header {
		name = strings.TrimSpace(name)
		s.Columns = append(s.Columns, name)
		s.column(i, name, known)
	}
	for _, name := range required {
		if _, ok := s.at[name]; !ok {
			report.Add("/rows/1", alerting.CodeMissing, "line 1: the header has no column %q", name)
		}
	}
	return s, report.Count() == before
}

func (s *Sheet) column(i int, name string, known []string) {
	if name == "" {
		return // spreadsheets save columns that were used once; Next looks whether there is something in them
	}
	at := fmt.Sprintf("/rows/1/%d", i+1)
	if _, twice := s.at[name]; twice {
		s.report.Add(at, alerting.CodeDuplicate, "line 1: column %q is given twice", name)
		return
	}
	s.at[name] = i
	for _, k := range known {
		if k == name {
			return
		}
	}
	s.report.Add(at, alerting.CodeInvalid, "line 1: column %q is not known; the nearest is %q", Clip(name), Nearest(name, known))
}

// otherFormat says what a file is where its header shows that it is no CSV in UTF-8; else it is empty.
func otherFormat(header []string) string {
	switch {
	case slices.ContainsFunc(header, func(name string) bool { return !utf8.ValidString(name) || strings.Contains(name, "\x00") }):
		return "the header is not UTF-8 text"
	case len(header) == 1 && strings.Contains(header[0], ";"):
		return "the columns have semicolons between them and not commas"
	case len(header) == 1 && strings.Contains(header[0], "\t"):
		return "the columns have tabs between them and not commas"
	}
	return ""
}

// Has reports whether the header has the column.
func (s *Sheet) Has(column string) bool {
	_, ok := s.at[column]
	return ok
}

// Next returns the next row. What can't be a row is reported: one with more or fewer fields than the
// header or with a field that is not UTF-8 is passed over, and a quote that is never closed ends the
// reading.
func (s *Sheet) Next() (Row, bool) {
	for !s.failed {
		fields, err := s.reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.fail(err)
			break
		}
		line, _ := s.reader.FieldPos(0)
		row := Row{Line: line, sheet: s, fields: fields}
		if row.blank() {
			continue
		}
		if len(fields) != len(s.Columns) {
			s.report.Add(fmt.Sprintf("/rows/%d", line), alerting.CodeMalformed, "line %d has %d fields where the header has %d; quote a field that contains a comma", line, len(fields), len(s.Columns))
			continue
		}
		if row.isText() && row.isNamed() {
			return row, true
		}
	}
	return Row{}, false
}

func (s *Sheet) fail(err error) {
	s.failed = true
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		s.report.Add(fmt.Sprintf("/rows/%d", parse.Line), alerting.CodeMalformed, "line %d, character %d: %v; the rest of the file was not read", parse.Line, parse.Column, parse.Err)
		return
	}
	s.report.Add("", alerting.CodeMalformed, "the file could not be read: %v", err)
}

// A Row is one line of a sheet.
type Row struct {
	// Line is where the row begins in the file; the header is line 1.
	Line int

	sheet  *Sheet
	fields []string
}

// Get returns the value of a column without the white space around it; an absent column is empty.
func (r Row) Get(column string) string {
	i, ok := r.sheet.at[column]
	if !ok {
		return ""
	}
	return strings.TrimSpace(r.fields[i])
}

// Problem reports what is wrong with one field.
func (r Row) Problem(column, code, format string, args ...any) {
	r.sheet.report.Append([]alerting.Problem{r.Locate(column, alerting.Problem{Code: code, Detail: fmt.Sprintf(format, args...)})})
}

// Locate says where in the file a problem is: the pointer becomes "/rows/7/sms", and the detail
// begins with the line and the column. An empty column means the whole row.
func (r Row) Locate(column string, p alerting.Problem) alerting.Problem {
	if column == "" {
		p.Pointer = fmt.Sprintf("/rows/%d", r.Line)
		p.Detail = fmt.Sprintf("line %d: %s", r.Line, p.Detail)
		return p
	}
	p.Pointer = fmt.Sprintf("/rows/%d/%s", r.Line, column)
	p.Detail = fmt.Sprintf("line %d, column %s: %s", r.Line, column, p.Detail)
	return p
}

// isText reports whether all fields are UTF-8.
func (r Row) isText() bool {
	ok := true
	for i, f := range r.fields {
		if !utf8.ValidString(f) {
			r.Problem(r.sheet.Columns[i], alerting.CodeMalformed, "%q is not UTF-8 text; save the file as \"CSV UTF-8\"", Clip(f))
			ok = false
		}
	}
	return ok
}

// isNamed reports whether every field that says something is of a column that has a name.
func (r Row) isNamed() bool {
	ok := true
	for i, f := range r.fields {
		if r.sheet.Columns[i] == "" && strings.TrimSpace(f) != "" {
			r.sheet.report.Add(fmt.Sprintf("/rows/%d", r.Line), alerting.CodeInvalid, "line %d: %q is in a column that has no name in the header (column %d)", r.Line, Clip(f), i+1)
			ok = false
		}
	}
	return ok
}

func (r Row) blank() bool {
	for _, f := range r.fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}

// skipMark drops the byte order mark that spreadsheets put before UTF-8.
func skipMark(r io.Reader) *bufio.Reader {
	const mark = "\uFEFF"
	buffered := bufio.NewReaderSize(r, 64<<10)
	if start, err := buffered.Peek(len(mark)); err == nil && string(start) == mark {
		_, _ = buffered.Discard(len(mark)) // cannot fail: just peeked
	}
	return buffered
}

// Nearest returns the choice that takes the fewest edits from s, the first of equals.
func Nearest(s string, choices []string) string {
	best, distance := "", -1
	for _, c := range choices {
		if d := levenshtein.Distance(s, c, nil); distance < 0 || d < distance {
			best, distance = c, d
		}
	}
	return best
}

// Clip shortens a value for an error's text.
func Clip(s string) string {
	const limit = 60
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit]) + "…"
}
