package tracking

// An index finds an alert's deliveries by the first half of their ids. It is a table of their places,
// counted from 1, probed one behind the other: some bytes a delivery, where a map has forty.
type index struct {
	slots []uint32
	used  int
}

// find returns the delivery whose id begins with half and that is the same.
func (x *index) find(deliveries []delivery, half uint64, same func(uint32) bool) (uint32, bool) {
	if len(x.slots) == 0 {
		return 0, false
	}
	mask := uint64(len(x.slots) - 1)
	for slot := half & mask; x.slots[slot] != 0; slot = (slot + 1) & mask {
		i := x.slots[slot] - 1
		if deliveries[i].id == half && same(i) {
			return i, true
		}
	}
	return 0, false
}

// add takes a delivery in.
func (x *index) add(deliveries []delivery, i uint32) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow(deliveries, x.used+1)
	}
	x.put(deliveries[i].id, i)
	x.used++
}

// grow makes room for n deliveries.
func (x *index) grow(deliveries []delivery, n int) {
	size := max(len(x.slots), 8)
	for 4*n > 3*size {
		size *= 2
	}
	if size == len(x.slots) {
		return
	}
	old := x.slots
	x.slots = make([]uint32, size)
	for _, place := range old {
		if place != 0 {
			x.put(deliveries[place-1].id, place-1)
		}
	}
}

func (x *index) put(half uint64, i uint32) {
	mask := uint64(len(x.slots) - 1)
	slot := half & mask
	for x.slots[slot] != 0 {
		slot = (slot + 1) & mask
	}
	x.slots[slot] = i + 1
}
