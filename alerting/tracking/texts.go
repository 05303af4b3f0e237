package tracking

import (
	"encoding/binary"
	"strings"
)

// texts are an alert's, one behind the other in slabs. Whoever has one has its place, which is a number:
// the garbage collector need not look through millions of them.
type texts struct {
	slabs []*strings.Builder
	size  int // of all slabs
}

// A text is the place of one: its slab in 20 bits, where it begins there and how long it is in 22 each. No
// message of the ledger is as long as that. 0 is the empty text.
type text uint64

const (
	textBits  = 22
	textMask  = 1<<textBits - 1
	leastSlab = 256
	mostSlab  = 64 << 10
)

// expect makes room for so many bytes together. What is too much of it stays in memory with them.
func (t *texts) expect(bytes int) {
	slab := &strings.Builder{}
	slab.Grow(bytes)
	t.slabs, t.size = append(t.slabs, slab), t.size+slab.Cap()
}

// open is the slab that has room for so many bytes.
func (t *texts) open(bytes int) *strings.Builder {
	if last := len(t.slabs) - 1; last >= 0 && t.slabs[last].Cap()-t.slabs[last].Len() >= bytes {
		return t.slabs[last]
	}
	t.expect(max(bytes, min(max(t.size, leastSlab), mostSlab)))
	return t.slabs[len(t.slabs)-1]
}

func (t *texts) add(s string) text {
	if s == "" {
		return 0
	}
	slab := t.open(len(s))
	begin := slab.Len()
	slab.WriteString(s)
	return t.place(begin, len(s))
}

// addCard keeps texts that belong together, as one.
func (t *texts) addCard(fields ...string) text {
	bytes := 0
	for _, s := range fields {
		bytes += cardLength(s)
	}
	slab := t.open(bytes)
	begin := slab.Len()
	var length [binary.MaxVarintLen32]byte
	for _, s := range fields {
		slab.Write(length[:binary.PutUvarint(length[:], uint64(len(s)))])
		slab.WriteString(s)
	}
	return t.place(begin, slab.Len()-begin)
}

// cardLength is how many bytes a field of a card takes.
func cardLength(s string) int {
	n := len(s) + 1
	for rest := len(s); rest >= 0x80; rest >>= 7 {
		n++
	}
	return n
}

// place is that of a text in the last slab.
func (t *texts) place(begin, length int) text {
	if begin > textMask || length > textMask {
		panic("a text is longer than a message of the ledger can be")
	}
	return text(len(t.slabs)-1)<<(2*textBits) | text(begin)<<textBits | text(length)
}

func (t *texts) at(x text) string {
	if x == 0 {
		return ""
	}
	begin, length := int(x>>textBits&textMask), int(x&textMask)
	return t.slabs[x>>(2*textBits)].String()[begin : begin+length]
}

// A card says who a recipient is.
type card string

func (c card) subscriber() string   { return c.field(0) }
func (c card) name() string         { return c.field(1) }
func (c card) organization() string { return c.field(2) }
func (c card) language() string     { return c.field(3) }

func (c card) field(n int) string {
	for rest := string(c); ; n-- {
		length, width := uvarint(rest)
		if n == 0 {
			return rest[width : width+length]
		}
		rest = rest[width+length:]
	}
}

func uvarint(s string) (value, width int) {
	for shift := 0; ; shift += 7 {
		b := s[width]
		width++
		value |= int(b&0x7f) << shift
		if b < 0x80 {
			return value, width
		}
	}
}
