package subscribers

// An entry is a subscriber in the directory, and where it stands there. It stays while the
// subscriber is replaced.
type entry struct {
	own
	set     *areaSet // whose subscribers it is among; nil when it was removed
	place   uint32   // in the set's members
	profile uint32   // its number among the view's
	// watched says that there may be teams or opt-outs to look up. Most have none.
	watched bool
}

// rank is the entry's place in the order of the ids, or unsettled.
func (e *entry) rank() uint32 { return e.set.ranks[e.place] }

func (v *View) packed(e *entry) packed {
	return packed{e.own, e.set.key, v.profiles[e.profile].traits}
}

func (v *View) unpack(e *entry) *Subscriber {
	s := &Subscriber{}
	e.unpackInto(s, v.profiles[e.profile], e.set.areas)
	return s
}
