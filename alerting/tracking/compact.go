package tracking

import (
	"encoding/binary"
	"strings"
	"time"
)

// What there may be millions of is kept compactly: times in milliseconds, which is what records
// have, texts in one string for many, and lists that recur only once.

// A moment is a time in milliseconds since 1970, UTC; 0 for none.
type moment int64

func momentOf(t time.Time) moment {
	if t.IsZero() {
		return 0
	}
	return moment(t.UnixMilli())
}

func (m moment) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// lists keeps each of the lists that recur once. The empty one has the number 0.
type lists[T ~string] struct {
	numbers map[string]uint32
	all     [][]T
}

func newLists[T ~string]() lists[T] {
	return lists[T]{numbers: map[string]uint32{"": 0}, all: [][]T{nil}}
}

func (l *lists[T]) number(list []T) uint32 {
	key := ""
	switch len(list) {
	case 0:
		return 0
	case 1:
		key = string(list[0])
	default:
		key = strings.Join(plain(list), "\x00")
	}
	n, known := l.numbers[key]
	if !known {
		n = uint32(len(l.all))
		l.numbers[strings.Clone(key)] = n
		l.all = append(l.all, cloned(list))
	}
	return n
}

func plain[T ~string](list []T) []string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = string(x)
	}
	return texts
}

// cloned is a list whose texts do not hold on to the larger ones that they were cut from.
func cloned[T ~string](list []T) []T {
	own := make([]T, len(list))
	for i, x := range list {
		own[i] = T(strings.Clone(string(x)))
	}
	return own
}

// A scribe writes many texts into one string.
type scribe struct {
	text strings.Builder
	ends []int
}

// expect makes room for n texts of so many bytes together. What is too much of it stays in memory with them.
func (s *scribe) expect(n, bytes int) {
	s.text.Grow(bytes)
	s.ends = make([]int, 0, n)
}

// put appends one text, whose parts can be told apart again.
func (s *scribe) put(parts ...string) {
	if len(parts) == 1 {
		s.text.WriteString(parts[0])
	} else {
		var length [binary.MaxVarintLen32]byte
		for _, p := range parts {
			s.text.Write(length[:binary.PutUvarint(length[:], uint64(len(p)))])
			s.text.WriteString(p)
		}
	}
	s.ends = append(s.ends, s.text.Len())
}

// texts returns what was put, in order.
func (s *scribe) texts() []string {
	whole, texts, begin := s.text.String(), make([]string, len(s.ends)), 0
	for i, end := range s.ends {
		texts[i] = whole[begin:end]
		begin = end
	}
	return texts
}

// part is the n-th part of a text that was put in parts.
func part(text string, n int) string {
	for ; ; n-- {
		length, width := uvarint(text)
		if n == 0 {
			return text[width : width+length]
		}
		text = text[width+length:]
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
