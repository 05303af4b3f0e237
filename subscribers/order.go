package subscribers

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// An order keeps all entries in the order of their ids. Changes only note what is to be done;
// whoever next asks for the order pays for it, once for all of them.
type order struct {
	mu      sync.Mutex // readers, of which there are many at once, settle
	settled []*entry
	added   []*entry
	removed []uint32 // ranks among the settled
	fresh   []entry  // for those who come next
}

const (
	// unsettled is the rank of an entry that is not among the settled.
	unsettled = math.MaxUint32
	// entriesTogether are allocated at once: of a million on their own the garbage collector looks at each.
	entriesTogether = 64
)

// add returns an entry that is new.
func (o *order) add() *entry {
	if len(o.fresh) == 0 {
		o.fresh = make([]entry, entriesTogether)
	}
	e := &o.fresh[0]
	o.fresh, o.added = o.fresh[1:], append(o.added, e)
	return e
}

// remove notes that an entry with a rank is no more.
func (o *order) remove(e *entry, rank uint32) {
	if rank == unsettled {
		*e = entry{} // that it has no set says so
		return
	}
	o.removed = append(o.removed, rank) // its id is still needed, to find others' places
}

// all returns the entries in order, not to be changed. Each knows its rank in it.
func (o *order) all() []*entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.added) == 0 && len(o.removed) == 0 {
		return o.settled
	}
	next := o.merge()
	same := 0
	for same < min(len(next), len(o.settled)) && next[same] == o.settled[same] {
		same++
	}
	for i, e := range next[same:] {
		e.set.ranks[e.place] = uint32(same + i)
	}
	o.settled, o.added, o.removed = next, nil, nil
	return next
}

// merge copies what stays between the changes in runs, without a look at each entry.
func (o *order) merge() []*entry {
	added := slices.DeleteFunc(o.added, func(e *entry) bool { return e.set == nil })
	slices.SortFunc(added, compareIDs)
	slices.Sort(o.removed)
	removed := o.removed
	next := make([]*entry, 0, len(o.settled)+len(added)-len(o.removed))
	from := 0 // of the settled, those not yet copied
	copyTo := func(end int) {
		next = append(next, o.settled[from:end]...)
		from = end
	}
	for _, e := range added {
		end := from + countBefore(o.settled[from:], e)
		for len(o.removed) > 0 && int(o.removed[0]) < end {
			copyTo(int(o.removed[0]))
			from, o.removed = from+1, o.removed[1:]
		}
		copyTo(end)
		next = append(next, e)
	}
	for _, rank := range o.removed {
		copyTo(int(rank))
		from++
	}
	copyTo(len(o.settled))
	for _, rank := range removed {
		*o.settled[rank] = entry{} // which lets go of what it keeps
	}
	return next
}

// countBefore counts the entries of an ordered list before e. It looks at the list's beginning
// first: of many that were added the next place is near.
func countBefore(list []*entry, e *entry) int {
	bound := 1
	for bound < len(list) && compareIDs(list[bound-1], e) < 0 {
		bound *= 2
	}
	n, _ := slices.BinarySearchFunc(list[:min(bound, len(list))], e, compareIDs)
	return n
}

func compareIDs(a, b *entry) int { return cmp.Compare(a.id(), b.id()) }
