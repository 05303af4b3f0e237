package fanout

import (
	"hash/maphash"

	"revere/alerting"
)

// Twins are two contacts with one address, each by how many contacts of all candidates stand before it; the first
// is the same for all with that address.
type twins struct{ first, other uint32 }

// sharing lists those of all candidates' contacts, of which there are n, that have the address of one before them.
func sharing(all [][]alerting.Planned, n int) (shared []twins) {
	known := newAddresses(n)
	for _, contacts := range all {
		for j := range contacts {
			own := uint32(len(known.contacts))
			if first := known.first(&contacts[j]); first != own {
				shared = append(shared, twins{first, own})
			}
		}
	}
	return shared
}

// Addresses find the contact that had an address first. They are a table probed one behind the other, of the upper
// half of each address's hash with the contact's number: a million addresses are then looked up without looking
// at each other's text, which a map of strings does.
type addresses struct {
	seed     maphash.Seed
	slots    []uint64 // the half of the hash, and the contact's number counted from 1; 0 is empty
	contacts []*alerting.Planned
}

// newAddresses has room for n contacts.
func newAddresses(n int) *addresses {
	size := 8
	for size < 2*n {
		size *= 2
	}
	return &addresses{seed: maphash.MakeSeed(), slots: make([]uint64, size), contacts: make([]*alerting.Planned, 0, n)}
}

// first takes in the next contact, and returns the number of that which had its address first.
func (a *addresses) first(contact *alerting.Planned) uint32 {
	const half = 0xffffffff << 32
	hash := maphash.String(a.seed, contact.Address)
	mask := uint64(len(a.slots) - 1)
	own := uint32(len(a.contacts))
	a.contacts = append(a.contacts, contact)
	slot := hash & mask
	for ; a.slots[slot] != 0; slot = (slot + 1) & mask {
		if a.slots[slot]&half != hash&half {
			continue
		}
		number := uint32(a.slots[slot]) - 1
		if other := a.contacts[number]; other.Address == contact.Address && other.Channel == contact.Channel {
			return number
		}
	}
	a.slots[slot] = hash&half | uint64(own+1)
	return own
}
