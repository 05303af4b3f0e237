package tracking

// A span is a part of the ledger: from one sequence to another, both included.
type span = [2]uint64

const (
	// An alert's records are looked for in at most mostSpans parts of the ledger.
	mostSpans = 8
	// Records that are less than nearby sequences apart are in one part: to begin to read anew costs about as much.
	nearby = 64
)

// spans are where in the ledger an alert's records are, in order: beside its own sending it may be years of answers.
// To read the alert again costs what lies within, not all that was written since it was opened.
type spans []span

// add notes a record, which is not older than those before it.
func (s *spans) add(sequence uint64) {
	all := *s
	if n := len(all); n > 0 && sequence < all[n-1][1]+nearby {
		all[n-1][1] = max(all[n-1][1], sequence)
		return
	}
	if all = append(all, span{sequence, sequence}); len(all) > mostSpans {
		all = all.joined()
	}
	*s = all
}

// joined has those two in one that have the least between them.
func (s spans) joined() spans {
	at := 1
	for i := range s[1:] {
		if s[i+1][0]-s[i][1] < s[at][0]-s[at-1][1] {
			at = i + 1
		}
	}
	s[at-1][1] = s[at][1]
	return append(s[:at], s[at+1:]...)
}
