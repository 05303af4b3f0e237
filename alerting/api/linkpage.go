package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/replies/grammar"
	"revere/alerting/tracking"
	"revere/alerting/wording"
)

// A linkPage is what the page of an acknowledgement link shows.
type linkPage struct {
	Mark     string // EXERCISE, TEST: first and last on the page
	Real     bool   // actual, while an exercise is under way
	Heading  string // "SEVERE, Boston"
	Title    string
	Notes    []string // that it is an update, or withdraws another
	Language string
	Do       []string // the instruction, in paragraphs
	What     []string // the description, in paragraphs
	Until    string
	From     string
	Code     string
	Phone    string

	For       string // whom the answer counts for
	Answered  string // when, how and what was answered; empty while nothing is
	Responses []alerting.Response
	MaxNote   int
	Error     string // why the answer just sent was not recorded
	Closed    string // why no answer is taken any more; empty while one is
	Advice    string
}

// linkPage shows an alert to those who share an address.
func (s *Server) linkPage(p tracking.Place) linkPage {
	a := &p.Alert
	zone := s.zone(p)
	page := linkPage{
		Mark: mark(a.Status), Real: a.Status == alerting.StatusActual && s.exerciseOpen(),
		Heading: severity(a.Severity) + ", " + s.where(p), Title: a.Title(), Language: a.Language,
		Do: paragraphs(a.Instruction), What: paragraphs(a.Description), Until: localTime(a.Expires, zone),
		From: s.sender(a) + ", " + localTime(a.Sent, zone), Code: p.Code, Phone: s.DeskPhone,
		For: strings.Join(p.Names, ", "), Responses: a.Responses, MaxNote: grammar.MaxNote,
	}
	switch a.Type {
	case alerting.TypeUpdate:
		page.Notes = []string{"UPDATE: this replaces an earlier alert."}
	case alerting.TypeCancel:
		s.withdrawal(&page, p)
	}
	if p.Answered != nil {
		page.Answered = answered(p.Answered, zone)
	}
	page.Closed, page.Advice = s.closed(p)
	return page
}

// withdrawal turns the page into one of a cancel, whose title, instruction and description are
// those of the alert that it withdraws unless it has its own: those must not look like news.
func (s *Server) withdrawal(page *linkPage, p tracking.Place) {
	page.Notes = []string{"FALSE ALARM. " + s.sender(&p.Alert) + " withdraws this alert."}
	page.Heading, page.Title, page.Until, page.Responses = "WITHDRAWN, "+s.where(p), "Withdrawn: "+page.Title, "", nil
	head, _ := s.Board.Head(p.Key)
	for _, key := range head.Corrects {
		_ = s.Board.Recall(key) // else its texts may be shortened
		original, _ := s.Board.Opened(key)
		brief := original.Alert.Brief() // which is what a cancel repeats
		if p.Alert.Instruction == original.Alert.Instruction || p.Alert.Instruction == brief.Instruction {
			page.Do = nil
		}
		if p.Alert.Description == original.Alert.Description || p.Alert.Description == brief.Description {
			page.What = nil
		}
	}
	if page.Do == nil {
		page.Do = []string{"Take no action."}
	}
}

// closed says why no answer is taken any more, and what to do; both empty while one is.
func (s *Server) closed(p tracking.Place) (why, advice string) {
	switch p.Phase {
	case tracking.Canceled:
		return "This alert was withdrawn", "Take no action. No answer is needed any more."
	case tracking.Updated:
		newer := "a newer message"
		if head, ok := s.Board.Head(p.ReplacedBy); ok {
			newer = "the newer message, " + head.Code
		}
		return "An update has replaced this alert", "Read " + newer + ", and answer that one."
	case tracking.Expired:
		return "This alert is over", "No answer is needed any more."
	}
	return "", ""
}

func (s *Server) sender(a *alerting.Alert) string {
	for _, name := range []string{a.SenderName, s.SenderName} {
		if name != "" {
			return name
		}
	}
	return a.Sender
}

// zone is where the readers' clocks are.
func (s *Server) zone(p tracking.Place) *time.Location {
	for _, area := range slices.Concat(p.Areas, p.Alert.Areas) {
		if zone, ok := wording.ZoneOf(area); ok {
			return zone
		}
	}
	return time.UTC
}

func localTime(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("Mon 2 Jan 2006, 15:04 MST")
}

const mostPlaces = 8

// where names what the alert and the readers' own areas have in common; else all of the alert's.
func (s *Server) where(p tracking.Place) string {
	var areas []alerting.Area
	for _, area := range p.Alert.Areas {
		for _, own := range p.Areas {
			if s.Atlas.Covers(area, own) {
				areas = append(areas, own)
			} else if s.Atlas.Overlaps(area, own) {
				areas = append(areas, area)
			}
		}
	}
	if len(areas) == 0 {
		areas = slices.Clone(p.Alert.Areas)
	}
	var names []string
	for _, area := range areas {
		if name := s.Atlas.Name(area); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if more := len(names) - mostPlaces; more > 0 {
		return strings.Join(names[:mostPlaces], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// exerciseOpen reports whether an exercise is under way.
func (s *Server) exerciseOpen() bool {
	return slices.ContainsFunc(s.Board.OpenKeys(), func(key alerting.Key) bool {
		head, _ := s.Board.Head(key)
		return head.Alert.Status == alerting.StatusExercise
	})
}

// answered says what is on record.
func answered(a *tracking.AnswerView, zone *time.Location) string {
	what := "Acknowledged"
	if a.Label != "" {
		what += ": " + a.Label
	}
	text := what + ", " + localTime(a.At, zone) + ", by " + a.Name
	if a.Via != alerting.ViaLink {
		text += " (" + string(a.Via) + ")"
	}
	if a.By != "" {
		text += ", entered by " + a.By
	}
	return text
}

// mark is the word that whatever is not actual carries first and last.
func mark(s alerting.Status) string {
	if s == alerting.StatusActual {
		return ""
	}
	return strings.ToUpper(string(s))
}

// severity is how grave the alert is; an unknown severity is not passed off as a known one.
func severity(s alerting.Severity) string {
	if s == alerting.UnknownSeverity {
		return "UNKNOWN SEVERITY"
	}
	return strings.ToUpper(string(s))
}

func paragraphs(s string) []string {
	var all []string
	for p := range strings.SplitSeq(s, "\n") {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}

var (
	//go:embed link.html.tmpl
	linkHTML string
	//go:embed page.css
	pageCSS string

	// The templates escape all text: what an alert says is never taken for markup.
	linkTemplate = template.Must(template.New("link").Funcs(pageFuncs).Parse(linkHTML))

	pageFuncs = template.FuncMap{
		"css": func() template.CSS { return template.CSS(pageCSS) },
		"tel": func(number string) template.URL { return template.URL("tel:" + number) },
	}

	// pagePolicy lets a page use its own style sheet and its own form, and nothing else.
	pagePolicy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// writePage answers with a page of a link. Nothing keeps it, and where it leads to learns nothing of
// its address, which holds the token.
func (s *Server) writePage(w http.ResponseWriter, status int, page linkPage) {
	var html bytes.Buffer
	if err := linkTemplate.Execute(&html, page); err != nil {
		panic(err) // the template and its type are fixed here; the cause is logged, not shown
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	_, _ = html.WriteTo(w) // a reader who has gone needs no page
}
