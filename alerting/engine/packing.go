package engine

import (
	"encoding/binary"
	"errors"
	"strings"
)

// What there is much of is stored packed: numbers as unsigned LEB128, texts and lists with their
// length before them, and lists that recur once, in a table. It takes a fifth of the work of CBOR
// with its maps, which is kept for everything else.

var errPacked = errors.New("what is packed here is damaged")

// A packer appends what it is given.
type packer struct{ data []byte }

func (p *packer) number(n uint64) { p.data = binary.AppendUvarint(p.data, n) }

func (p *packer) text(s string) {
	p.number(uint64(len(s)))
	p.data = append(p.data, s...)
}

func (p *packer) texts(list []string) {
	p.number(uint64(len(list)))
	for _, s := range list {
		p.text(s)
	}
}

func (p *packer) flag(set bool, flag uint64) {
	if !set {
		flag = 0
	}
	p.number(flag)
}

// tabled appends tables and then what refers to them.
func (p *packer) tabled(rows *packer, tables ...*table) {
	for _, t := range tables {
		p.number(uint64(len(t.lists)))
		for _, list := range t.lists {
			p.texts(list)
		}
	}
	p.data = append(p.data, rows.data...)
}

// A table holds each of the lists that recur once.
type table struct {
	places map[string]uint64
	lists  [][]string
}

// place is where a table has a list. It takes in one that it does not have.
func place[T ~string](t *table, list []T) uint64 {
	key := listKey(list)
	at, known := t.places[key]
	if !known {
		if t.places == nil {
			t.places = map[string]uint64{}
		}
		at = uint64(len(t.lists))
		t.places[key] = at
		t.lists = append(t.lists, plain(list))
	}
	return at
}

// listKey is the same for the same list only, and costs nothing for one text.
func listKey[T ~string](list []T) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		if list[0] == "" {
			return "\x00" // a list of one empty text is not the empty list
		}
		return string(list[0])
	}
	return strings.Join(plain(list), "\x00") + "\x00"
}

func plain[T ~string](list []T) []string {
	if len(list) == 0 {
		return nil
	}
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = string(x)
	}
	return texts
}

// An unpacker reads what a packer wrote from its front. Once it finds damage it reads nothing more.
// Its texts are parts of one string.
type unpacker struct {
	rest    string
	damaged bool
}

func (u *unpacker) number() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		if u.rest == "" {
			break
		}
		b := u.rest[0]
		u.rest = u.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	u.damage()
	return 0
}

func (u *unpacker) damage() { u.damaged, u.rest = true, "" }

// count is a number of things that follow, each of at least one byte.
func (u *unpacker) count() int {
	n := u.number()
	if n > uint64(len(u.rest)) {
		u.damage()
		return 0
	}
	return int(n)
}

func (u *unpacker) text() string {
	n := u.count()
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

func (u *unpacker) texts() []string {
	n := u.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = u.text()
	}
	return list
}

func (u *unpacker) table() [][]string {
	lists := make([][]string, u.count())
	for i := range lists {
		lists[i] = u.texts()
	}
	return lists
}

// pick is one of a table's lists.
func pick[T any](u *unpacker, lists [][]T, at uint64) []T {
	if at >= uint64(len(lists)) {
		u.damage()
		return nil
	}
	return lists[at]
}

func only(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func each[T, U any](all []T, change func(T) U) []U {
	changed := make([]U, len(all))
	for i, x := range all {
		changed[i] = change(x)
	}
	return changed
}

func named[T ~string](list []string) []T {
	if len(list) == 0 {
		return nil
	}
	names := make([]T, len(list))
	for i, s := range list {
		names[i] = T(s)
	}
	return names
}
