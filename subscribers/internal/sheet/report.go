package sheet

import (
	"fmt"

	"revere/alerting"
)

// MaxProblems bounds how many problems one import tells: more than anybody mends in one sitting.
const MaxProblems = 1000

// A Report collects what is wrong with an import: the first MaxProblems in full, and how many
// there are beyond them. The zero value is ready.
type Report struct {
	problems alerting.Problems
	more     int
}

// Add notes one problem.
func (r *Report) Add(pointer, code, format string, args ...any) {
	if r.Full() {
		r.more++
		return
	}
	r.problems.Add(pointer, code, format, args...)
}

// Append notes problems found elsewhere.
func (r *Report) Append(problems []alerting.Problem) {
	room := min(MaxProblems-len(r.problems), len(problems))
	r.problems = append(r.problems, problems[:room]...)
	r.more += len(problems) - room
}

// Join notes all problems of another report behind those there are.
func (r *Report) Join(o *Report) {
	r.Append(o.problems)
	r.more += o.more
}

// Full reports whether further problems are only counted.
func (r *Report) Full() bool { return len(r.problems) >= MaxProblems }

// Count is how many problems there are, told or only counted.
func (r *Report) Count() int { return len(r.problems) + r.more }

// Problems lists what was found; where some were only counted, the last one says how many.
func (r *Report) Problems() []alerting.Problem {
	if r.more == 0 {
		return r.problems
	}
	rest := alerting.Problem{Code: alerting.CodeOversized, Detail: fmt.Sprintf("and %d more, which are only counted", r.more)}
	return append(r.problems[:len(r.problems):len(r.problems)], rest)
}

// Err is nil when nothing is wrong, else an *alerting.Error with all Problems.
func (r *Report) Err(what string) error {
	return alerting.Problems(r.Problems()).Err(what)
}
