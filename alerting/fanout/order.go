package fanout

import (
	"cmp"
	"container/heap"
	"slices"

	"revere/alerting"
)

// An order says which of the messages that wait is judged next. The gravest severity comes first, and
// within one severity what was published first. Three things are never turned round, so that being
// judged early decides nothing but when:
//
//   - messages with the same id, whoever published them: an identity belongs to the first;
//   - corrections, among each other;
//   - a correction and what it names, by id or by key, with whatever has the same id as that, whichever
//     of them was published first.
//
// What a message must wait for takes its urgency over. An order is not safe for concurrent use.
type order struct {
	published  []*waiting          // as they were; those that are judged are dropped, from the front at once
	live       int                 // those that are not judged
	read       uint64              // the newest message that was added
	furthest   uint64              // the newest that is judged
	lanes      [2]lane             // what goes on in any case; what needs room
	newest     map[string]*waiting // by id
	correction *waiting            // the newest one
	named      map[string]*waiting // the newest one that names an id or a key
}

// A waiting message is published and not judged.
type waiting struct {
	sequence  uint64
	id        string
	rank      int  // of the gravest severity among it and those that wait for it
	needsRoom bool // it waits while too much accepted work is unsent
	corrects  bool
	judged    bool
	place     int        // in its lane; -1 while it is being judged
	before    []*waiting // what must be judged first
	names     []string   // the ids and keys that it corrects
	size      int        // of its body, in bytes
	message   *alerting.Submission
}

func newOrder(judged alerting.Judged) *order {
	return &order{read: judged.Through, furthest: judged.Through, newest: map[string]*waiting{}, named: map[string]*waiting{}}
}

// glance makes a waiting message of a submission. What is extreme goes on in any case; a correction
// makes less work, not more; and what is no alert makes none.
func glance(s *alerting.Submission) (w *waiting, references []string) {
	g, isAlert := alerting.Glance(s.Body)
	w = &waiting{sequence: s.Sequence, id: g.ID, rank: g.Severity.Rank(), corrects: g.Type.Corrects(), size: len(s.Body), message: s}
	w.needsRoom = isAlert && w.rank > alerting.Extreme.Rank() && !w.corrects
	if w.id == "" {
		w.id = string(s.Key()) // what the alert will have
	}
	return w, g.References
}

// add takes in the next message that was published. names are the ids and keys that it corrects.
func (o *order) add(w *waiting, names []string) {
	o.follow(w, o.newest[w.id])
	o.follow(w, o.named[w.id])
	o.follow(w, o.named[string(alerting.KeyOf(w.sequence))])
	if w.corrects {
		o.correct(w, names)
	}
	o.published, o.live, o.read = append(o.published, w), o.live+1, w.sequence
	o.newest[w.id] = w
	o.offer(w)
}

// correct puts a correction behind those before it and behind what it names, and notes what it names:
// what is published under such a name later is judged by what the correction left.
func (o *order) correct(w *waiting, names []string) {
	o.follow(w, o.correction)
	for _, name := range names {
		o.follow(w, o.newest[name])
		w.names = append(w.names, name)
		if named := o.at(alerting.Key(name)); named != nil {
			o.follow(w, o.newest[named.id])
			w.names = append(w.names, named.id)
		}
	}
	for _, name := range w.names {
		o.named[name] = w
	}
	o.correction = w
}

// follow makes one message wait for another that was published before it, and that one and all that
// it waits for as urgent as the first.
func (o *order) follow(w, first *waiting) {
	if first == nil || slices.Contains(w.before, first) {
		return
	}
	w.before = append(w.before, first)
	for raise := []*waiting{first}; len(raise) > 0; {
		last := len(raise) - 1
		x := raise[last]
		raise = raise[:last]
		if x.judged || x.rank <= w.rank && (!x.needsRoom || w.needsRoom) {
			continue // what it waits for is as urgent as it is
		}
		waits := o.remove(x)
		x.rank, x.needsRoom = min(x.rank, w.rank), x.needsRoom && w.needsRoom
		if waits {
			o.offer(x)
		}
		raise = append(raise, x.before...)
	}
}

// at finds the message that has a key.
func (o *order) at(key alerting.Key) *waiting {
	i, found := slices.BinarySearchFunc(o.published, key.Sequence(), func(w *waiting, s uint64) int { return cmp.Compare(w.sequence, s) })
	if !found {
		return nil
	}
	return o.published[i]
}

// take removes up to n messages of one severity: the gravest that waits. Without room it takes only
// what needs none.
func (o *order) take(n int, room bool) (batch []*waiting) {
	for w := o.first(room); w != nil && len(batch) < n && (len(batch) == 0 || w.rank == batch[0].rank); w = o.first(room) {
		o.remove(w)
		batch = append(batch, w)
	}
	return batch
}

// first is what would be taken next; nil for nothing.
func (o *order) first(room bool) *waiting {
	first := o.lanes[0].front()
	if waits := o.lanes[1].front(); room && waits != nil && (first == nil || before(waits, first)) {
		return waits
	}
	return first
}

func (o *order) lane(w *waiting) *lane {
	if w.needsRoom {
		return &o.lanes[1]
	}
	return &o.lanes[0]
}

// offer puts a message where it waits: a new one, or one that was taken and not judged.
func (o *order) offer(w *waiting) { heap.Push(o.lane(w), w) }

// remove takes a message from where it waits, if it does.
func (o *order) remove(w *waiting) bool {
	if w.place < 0 {
		return false
	}
	heap.Remove(o.lane(w), w.place)
	return true
}

// settle notes that a message that was taken is judged, for good.
func (o *order) settle(w *waiting) {
	for _, name := range w.names {
		if o.named[name] == w {
			delete(o.named, name)
		}
	}
	w.judged, w.before, w.names, w.message = true, nil, nil, nil
	o.live--
	o.furthest = max(o.furthest, w.sequence)
	if o.newest[w.id] == w {
		delete(o.newest, w.id)
	}
	if o.correction == w {
		o.correction = nil
	}
	for len(o.published) > 0 && o.published[0].judged {
		o.published = o.published[1:]
	}
	if len(o.published) > 2*o.live+1000 { // most are judged, behind one that is not
		o.published = slices.DeleteFunc(o.published, func(w *waiting) bool { return w.judged })
	}
}

// judged is how far this order has come.
func (o *order) judged() alerting.Judged {
	through := o.read
	if len(o.published) > 0 {
		through = o.published[0].sequence - 1
	}
	return alerting.Judged{Through: through, Ahead: o.read - through - uint64(o.live), Furthest: max(o.furthest, through)}
}

// before reports whether one message is judged before another.
func before(a, b *waiting) bool {
	if a.rank != b.rank {
		return a.rank < b.rank
	}
	return a.sequence < b.sequence
}

// A lane is a heap of waiting messages (container/heap).
type lane []*waiting

func (l lane) front() *waiting {
	if len(l) == 0 {
		return nil
	}
	return l[0]
}

func (l lane) Len() int           { return len(l) }
func (l lane) Less(i, j int) bool { return before(l[i], l[j]) }
func (l lane) Swap(i, j int)      { l[i], l[j] = l[j], l[i]; l[i].place, l[j].place = i, j }

// Push implements heap.Interface.
func (l *lane) Push(x any) {
	w := x.(*waiting)
	w.place = len(*l)
	*l = append(*l, w)
}

// Pop implements heap.Interface.
func (l *lane) Pop() any {
	last := len(*l) - 1
	w := (*l)[last]
	(*l)[last] = nil
	w.place, *l = -1, (*l)[:last]
	return w
}
