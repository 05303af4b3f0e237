package subscribers

import "slices"

// Holders are the entries that have each address of one channel. Most addresses have one holder.
type holders struct {
	first map[string]*entry
	more  map[string][]*entry
}

func newHolders() *holders {
	return &holders{first: map[string]*entry{}, more: map[string][]*entry{}}
}

func (h *holders) add(address string, e *entry) {
	first := h.first[address]
	switch {
	case first == nil:
		h.first[address] = e
	case first != e:
		if more := h.more[address]; len(more) == 0 || more[len(more)-1] != e {
			h.more[address] = append(more, e)
		}
	}
}

func (h *holders) remove(address string, e *entry) {
	more := h.more[address]
	if h.first[address] != e {
		h.keep(address, slices.DeleteFunc(more, func(o *entry) bool { return o == e }))
		return
	}
	delete(h.first, address)
	if last := len(more) - 1; last >= 0 {
		h.first[address] = more[last]
		h.keep(address, more[:last])
	}
}

func (h *holders) keep(address string, more []*entry) {
	if len(more) == 0 {
		delete(h.more, address)
		return
	}
	h.more[address] = more
}

// of returns all holders of an address, in no order. Of a channel that nobody uses there are none.
func (h *holders) of(address string) []*entry {
	if h == nil || h.first[address] == nil {
		return nil
	}
	return append([]*entry{h.first[address]}, h.more[address]...)
}
