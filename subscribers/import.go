package subscribers

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"revere/alerting"
	"revere/subscribers/internal/sheet"
)

// An Importer reads whole files of subscribers against the directory as it is. It changes nothing:
// it returns a Plan, whose changes the caller makes durable.
//
// A file describes each of its subscribers entirely: what it leaves out of one is empty afterwards.
// Subscribers that are not in the file stay as they are, unless Replace is set.
type Importer struct {
	Directory *Directory
	Validator Validator
	// Replace removes the subscribers that are not in the file.
	Replace bool
}

// A Plan is what an import would do.
type Plan struct {
	// Revision of the directory that the changes were made against.
	Revision uint64
	// Changes are those of the subscribers, in the file's order, then of the teams. What is as it
	// should be already is not among them.
	Changes  []Change
	Summary  Summary
	Warnings []alerting.Problem
}

// A Summary counts the subscribers of an import.
type Summary struct {
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Removed   int `json:"removed"`
}

// CSV reads a table in CSV, whose columns ImportColumns lists. It is all or nothing: the error is an
// *alerting.Error that names every bad field by line and column, the first 1000 of them in full.
func (im Importer) CSV(r io.Reader) (Plan, error) {
	run := im.start()
	run.readCSV(r)
	run.judge()
	return run.plan()
}

// JSON reads an array of subscribers, or an object with such an array as "data". Each may have
// "teams", a list of team ids. It is all or nothing: the error is an *alerting.Error whose problems
// point into the file and name its lines, the first 1000 of them in full.
func (im Importer) JSON(r io.Reader) (Plan, error) {
	run := im.start()
	run.readJSON(r)
	run.judge()
	return run.plan()
}

// A candidate is one subscriber of a file, as it is there.
type candidate struct {
	Subscriber
	// teams that the subscriber shall belong to, and to no others; nil where the file doesn't say.
	teams *[]string
	// locate says where in the file a problem with the subscriber is.
	locate func(alerting.Problem) alerting.Problem
	// line is where the subscriber begins.
	line int
	// problems that the file's form alone shows, located.
	problems []alerting.Problem
}

// A taken subscriber is one of the file in normal form; an empty one where it was refused.
type taken struct {
	packed
	teams  *[]string
	locate func(alerting.Problem) alerting.Problem // where there are teams
}

// An importRun is one import under way. A file is judged in pieces, of which only the packed
// subscribers stay: a large one takes little more memory than the directory that comes of it.
type importRun struct {
	Importer
	atlas  *resolveOnce
	piece  []candidate // read, to be judged
	taken  []taken
	lines  map[string]int // where each id is
	form   sheet.Report   // what is wrong with the file; told first
	report sheet.Report   // what is wrong with its subscribers
	doubts sheet.Report
}

func (im Importer) start() *importRun {
	run := &importRun{Importer: im, atlas: &resolveOnce{Atlas: im.Validator.Atlas}, lines: map[string]int{}}
	run.Validator.Atlas = run.atlas
	return run
}

// pieceSize is how many subscribers are judged at once.
const pieceSize = 2000

func (run *importRun) add(c candidate) {
	run.piece = append(run.piece, c)
	if len(run.piece) == pieceSize {
		run.judge()
	}
}

// foundNothing reports whether the file had neither subscribers nor problems so far.
func (run *importRun) foundNothing() bool {
	return len(run.taken)+len(run.piece) == 0 && run.form.Count() == 0
}

// A verdict is what the Validator said of a candidate.
type verdict struct {
	normal   packed
	warnings []alerting.Problem
	err      error
}

// judge brings a piece of the file into normal form, and reports what is wrong in the file's order.
func (run *importRun) judge() {
	verdicts := make([]verdict, len(run.piece))
	forEach(len(run.piece), func(i int) {
		v := &verdicts[i]
		var normal Subscriber
		if normal, v.warnings, v.err = run.Validator.Subscriber(run.piece[i].Subscriber); v.err == nil {
			v.normal = pack(&normal)
		}
	})
	for i := range run.piece {
		run.settle(&run.piece[i], verdicts[i])
	}
	clear(run.piece)
	run.piece = run.piece[:0]
	run.atlas.brief.Store(run.report.Full())
}

func (run *importRun) settle(c *candidate, v verdict) {
	run.report.Append(c.problems)
	var refused *alerting.Error
	if errors.As(v.err, &refused) {
		for _, p := range refused.Problems {
			if !run.report.Full() { // else it is only counted
				p = c.locate(p)
			}
			run.report.Append([]alerting.Problem{p})
		}
	}
	for _, p := range v.warnings {
		run.doubts.Append([]alerting.Problem{c.locate(p)})
	}
	run.noteTwice(c, v.normal)
	t := taken{packed: v.normal, teams: c.teams}
	if c.teams != nil {
		t.locate = c.locate
	}
	run.taken = append(run.taken, t)
}

func (run *importRun) noteTwice(c *candidate, normal packed) {
	id := strings.TrimSpace(c.ID)
	line, twice := run.lines[id]
	switch {
	case id == "":
	case twice:
		run.report.Append([]alerting.Problem{c.locate(alerting.Problem{
			Pointer: "/id",
			Code:    alerting.CodeDuplicate,
			Detail:  fmt.Sprintf("id %q is on line %d already", sheet.Clip(id), line),
		})})
	case normal.text != "":
		run.lines[normal.id()] = c.line // which keeps the packed text, and not the file's
	default:
		run.lines[strings.Clone(id)] = c.line
	}
}

// plan compares what was read with the directory.
func (run *importRun) plan() (p Plan, err error) {
	var differ []packed
	run.Directory.Read(func(v *View) {
		run.checkTeams(v)
		run.form.Join(&run.report)
		if err = run.form.Err("the subscribers were refused, nothing was changed"); err == nil {
			p, differ = run.compare(v)
		}
	})
	// The directory is not held up while these are written.
	forEach(len(differ), func(i int) { p.Changes[i] = differ[i].unpack().Put() })
	return p, err
}

// checkTeams refuses teams that are not there: a mistyped one would never be paged together.
func (run *importRun) checkTeams(v *View) {
	var ids []string
	for _, t := range v.Teams() {
		ids = append(ids, t.ID)
	}
	for _, t := range run.taken {
		if t.teams == nil {
			continue
		}
		for _, id := range *t.teams {
			if _, ok := v.Team(id); ok {
				continue
			}
			p := alerting.Problem{Pointer: "/teams", Code: alerting.CodeNotFound}
			if !run.report.Full() { // else it is only counted
				p.Detail = noTeam(id, ids)
				p = t.locate(p)
			}
			run.report.Append([]alerting.Problem{p})
		}
	}
}

func noTeam(id string, teams []string) string {
	if len(teams) == 0 {
		return fmt.Sprintf("there is no team %q; add the team first", sheet.Clip(id))
	}
	return fmt.Sprintf("there is no team %q; the nearest is %q", sheet.Clip(id), sheet.Nearest(id, teams))
}

// compare returns the plan with an empty change in place of each subscriber that is to be written.
func (run *importRun) compare(v *View) (p Plan, differ []packed) {
	p = Plan{Revision: v.Revision(), Warnings: run.doubts.Problems()}
	teams := teamEdits{view: v, edits: map[string]*teamEdit{}}
	for _, t := range run.taken {
		id := t.id()
		switch old := v.subscribers[id]; {
		case old == nil:
			p.Summary.Added++
			differ = append(differ, t.packed)
		case v.packed(old) == t.packed:
			p.Summary.Unchanged++
		default:
			p.Summary.Changed++
			differ = append(differ, t.packed)
		}
		if t.teams != nil {
			teams.set(id, *t.teams)
		}
	}
	p.Changes = make([]Change, len(differ))
	if run.Replace {
		for _, e := range v.order.all() {
			if _, kept := run.lines[e.id()]; !kept {
				p.Summary.Removed++
				p.Changes = append(p.Changes, Remove(ChangeSubscriber, e.id()))
				teams.set(e.id(), nil)
			}
		}
	}
	p.Changes = append(p.Changes, teams.changes()...)
	return p, differ
}
