package fanout

import (
	"hash/maphash"

	"revere/alerting"
)

// Addresses find the delivery that goes to an address. They are a table probed one behind the other, of the upper
// half of each address's hash with the delivery's place: a million addresses are then looked up without looking
// at each other's text, which a map of strings does.
type addresses struct {
	seed  maphash.Seed
	slots []uint64 // the half of the hash, and the place counted from 1; 0 is empty
}

// newAddresses has room for n addresses.
func newAddresses(n int) *addresses {
	size := 8
	for size < 2*n {
		size *= 2
	}
	return &addresses{seed: maphash.MakeSeed(), slots: make([]uint64, size)}
}

// find returns the place of the delivery to a contact among deliveries. Where there is none the contact's will be
// the next, and that is noted.
func (a *addresses) find(deliveries []alerting.Planned, contact *alerting.Planned) (place uint32, found bool) {
	const half = 0xffffffff << 32
	hash := maphash.String(a.seed, contact.Address)
	mask := uint64(len(a.slots) - 1)
	slot := hash & mask
	for ; a.slots[slot] != 0; slot = (slot + 1) & mask {
		place = uint32(a.slots[slot]) - 1
		if a.slots[slot]&half == hash&half && deliveries[place].Address == contact.Address && deliveries[place].Channel == contact.Channel {
			return place, true
		}
	}
	place = uint32(len(deliveries))
	a.slots[slot] = hash&half | uint64(place+1)
	return place, false
}
