package subscribers

// An entry is a subscriber in the directory, and where it stands there. It stays while the
// subscriber is replaced.
type entry struct {
	packed
	set     *areaSet // whose subscribers it is among
	place   uint32   // in the set's members
	rank    uint32   // in the order of the ids, where it is among the settled
	profile uint32   // in the view's profiles
	// watched says that there may be teams or opt-outs to look up. Most have none.
	watched bool
}
