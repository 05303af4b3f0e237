package engine

import (
	"encoding/binary"
	"errors"
	"sync"
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

func texts[T ~string](p *packer, list []T) {
	p.number(uint64(len(list)))
	for _, s := range list {
		p.text(string(s))
	}
}

func (p *packer) flag(set bool, flag uint64) {
	if !set {
		flag = 0
	}
	p.number(flag)
}

// A packing packs what one record has, in the memory of those before: what it returns is good until it
// is released.
type packing struct {
	packer
	rows   []byte // of those before
	tables [3]table
}

var packings = sync.Pool{New: func() any { return new(packing) }}

func (p *packing) release() {
	p.data = p.data[:0]
	for i := range p.tables {
		clear(p.tables[i].before[:cap(p.tables[i].before)]) // its texts are parts of large ones
	}
	packings.Put(p)
}

// begin empties the tables, and begins a number of rows: in a packer of their own, which the caller holds by value,
// since the collector is told of every change of one that lies elsewhere.
func (p *packing) begin(n int) (rows packer) {
	rows.data = p.rows[:0]
	for i := range p.tables {
		p.tables[i].empty()
	}
	rows.number(uint64(n))
	return rows
}

// end appends the first tables, and then the rows, which refer to them.
func (p *packing) end(rows packer, tables int) {
	for i := range p.tables[:tables] {
		p.number(uint64(len(p.tables[i].places)))
		p.data = append(p.data, p.tables[i].lists.data...)
	}
	p.data = append(p.data, rows.data...)
	p.rows = rows.data
}

// A table holds each of the lists that recur once.
type table struct {
	places map[string]uint64
	lists  packer
	key    packer
	before []string // the list before, which most often is the same
	at     uint64   // and where it is
}

func (t *table) empty() {
	clear(t.places)
	t.lists.data, t.before = t.lists.data[:0], t.before[:0]
}

// place is where a table has a list. It takes in one that it does not have.
func place[T ~string](t *table, list ...T) uint64 {
	if len(t.places) > 0 && same(t.before, list) {
		return t.at
	}
	t.before = t.before[:0]
	for _, s := range list {
		t.before = append(t.before, string(s))
	}
	t.key.data = t.key.data[:0]
	texts(&t.key, list)
	t.at = t.find()
	return t.at
}

func same[T ~string](before []string, list []T) bool {
	if len(before) != len(list) {
		return false
	}
	for i, s := range list {
		if before[i] != string(s) {
			return false
		}
	}
	return true
}

func (t *table) find() uint64 {
	at, known := t.places[string(t.key.data)]
	if !known {
		if t.places == nil {
			t.places = map[string]uint64{}
		}
		at = uint64(len(t.places))
		t.places[string(t.key.data)] = at
		t.lists.data = append(t.lists.data, t.key.data...)
	}
	return at
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

// read reads texts of a type.
func read[T ~string](u *unpacker) []T {
	n := u.count()
	if n == 0 {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		list[i] = T(u.text())
	}
	return list
}

// lists reads a table.
func lists[T ~string](u *unpacker) [][]T {
	all := make([][]T, u.count())
	for i := range all {
		all[i] = read[T](u)
	}
	return all
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
