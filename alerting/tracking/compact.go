package tracking

import (
	"strings"
	"time"
)

// What there may be millions of is kept compactly: times in milliseconds, which is what records
// have, texts by their places, and lists that recur only once.

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
