package subscribers

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

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
	return run.plan()
}

// JSON reads an array of subscribers, or an object with such an array as "data". Each may have
// "teams", a list of team ids. It is all or nothing: the error is an *alerting.Error whose problems
// point into the file and name its lines, the first 1000 of them in full.
func (im Importer) JSON(r io.Reader) (Plan, error) {
	run := im.start()
	run.readJSON(r)
	return run.plan()
}

// A candidate is one subscriber of a file.
type candidate struct {
	Subscriber
	// teams that the subscriber shall belong to, and to no others; nil where the file doesn't say.
	teams *[]string
	// locate says where in the file a problem with the subscriber is.
	locate func(alerting.Problem) alerting.Problem
	// place is where the subscriber begins: "line 7".
	place string
	// problems that the file's form alone shows, located.
	problems []alerting.Problem
}

// An importRun is one import under way.
type importRun struct {
	Importer
	report sheet.Report
	doubts sheet.Report
	taken  []candidate
	places map[string]string // where each id is
}

func (im Importer) start() *importRun {
	im.Validator.Atlas = &resolveOnce{Atlas: im.Validator.Atlas}
	return &importRun{Importer: im, places: map[string]string{}}
}

// A verdict is what the Validator said of a candidate.
type verdict struct {
	normal   Subscriber
	warnings []alerting.Problem
	err      error
}

// judge brings all that was read into normal form, and reports what is wrong in the file's order.
// Parsing phone numbers takes most of an import's time, hence the work is shared out.
func (run *importRun) judge() {
	verdicts := make([]verdict, len(run.taken))
	forEach(len(run.taken), func(i int) {
		v := &verdicts[i]
		v.normal, v.warnings, v.err = run.Validator.Subscriber(run.taken[i].Subscriber)
	})
	for i := range run.taken {
		run.settle(&run.taken[i], verdicts[i])
	}
}

func (run *importRun) settle(c *candidate, v verdict) {
	run.report.Append(c.problems)
	var refused *alerting.Error
	if errors.As(v.err, &refused) {
		for _, p := range refused.Problems {
			run.report.Append([]alerting.Problem{c.locate(p)})
		}
	}
	for _, p := range v.warnings {
		run.doubts.Append([]alerting.Problem{c.locate(p)})
	}
	run.noteTwice(c)
	c.Subscriber = v.normal
}

func (run *importRun) noteTwice(c *candidate) {
	id := strings.TrimSpace(c.ID)
	place, twice := run.places[id]
	switch {
	case id == "":
	case twice:
		run.report.Append([]alerting.Problem{c.locate(alerting.Problem{
			Pointer: "/id",
			Code:    alerting.CodeDuplicate,
			Detail:  fmt.Sprintf("id %q is on %s already", sheet.Clip(id), place),
		})})
	default:
		run.places[id] = c.place
	}
}

// plan compares what was read with the directory.
func (run *importRun) plan() (p Plan, err error) {
	run.judge()
	run.Directory.Read(func(v *View) {
		run.checkTeams(v)
		if err = run.report.Err("the subscribers were refused, nothing was changed"); err == nil {
			p = run.compare(v)
		}
	})
	return p, err
}

// checkTeams refuses teams that are not there: a mistyped one would never be paged together.
func (run *importRun) checkTeams(v *View) {
	var ids []string
	for _, t := range v.Teams() {
		ids = append(ids, t.ID)
	}
	for _, c := range run.taken {
		if c.teams == nil {
			continue
		}
		for _, id := range *c.teams {
			if _, ok := v.Team(id); ok {
				continue
			}
			detail := fmt.Sprintf("there is no team %q; add the team first", sheet.Clip(id))
			if len(ids) > 0 {
				detail = fmt.Sprintf("there is no team %q; the nearest is %q", sheet.Clip(id), sheet.Nearest(id, ids))
			}
			run.report.Append([]alerting.Problem{c.locate(alerting.Problem{Pointer: "/teams", Code: alerting.CodeNotFound, Detail: detail})})
		}
	}
}

func (run *importRun) compare(v *View) Plan {
	p := Plan{Revision: v.Revision(), Warnings: run.doubts.Problems()}
	teams := teamEdits{view: v, edits: map[string]*teamEdit{}}
	for i := range run.taken {
		c := &run.taken[i]
		old, exists := v.Subscriber(c.ID)
		switch {
		case !exists:
			p.Summary.Added++
		case old.Equal(&c.Subscriber):
			p.Summary.Unchanged++
		default:
			p.Summary.Changed++
		}
		if !exists || !old.Equal(&c.Subscriber) {
			p.Changes = append(p.Changes, c.Put())
		}
		if c.teams != nil {
			teams.set(c.ID, *c.teams)
		}
	}
	if run.Replace {
		v.All(func(s *Subscriber) bool {
			if _, kept := run.places[s.ID]; !kept {
				p.Summary.Removed++
				p.Changes = append(p.Changes, Remove(ChangeSubscriber, s.ID))
				teams.set(s.ID, nil)
			}
			return true
		})
	}
	p.Changes = append(p.Changes, teams.changes()...)
	return p
}

// resolveOnce remembers what an atlas said: a file names the same few areas again and again, and
// looking for the nearest of an unknown one takes time.
type resolveOnce struct {
	alerting.Atlas
	resolved sync.Map // string to resolution
}

type resolution struct {
	area  alerting.Area
	known bool
	err   error
}

// Resolve implements alerting.Atlas.
func (a *resolveOnce) Resolve(name string) (alerting.Area, bool, error) {
	if r, ok := a.resolved.Load(name); ok {
		r := r.(resolution)
		return r.area, r.known, r.err
	}
	var r resolution
	r.area, r.known, r.err = a.Atlas.Resolve(name)
	a.resolved.Store(name, r)
	return r.area, r.known, r.err
}
