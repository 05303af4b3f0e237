package tracking

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lengths are those at which a field's length takes a byte more, and a text a slab of its own.
var lengths = []int{0, 1, 127, 128, 129, 16383, 16384, 16385, mostSlab - 1, mostSlab, mostSlab + 1, textMask}

// sample is a text of a length that is like no other.
func sample(i, length int) string {
	mark := fmt.Sprintf("%d.", i)
	return strings.Repeat(mark, length/len(mark)+1)[:length]
}

// room is what the slabs take: as much as was reckoned with, since none has grown.
func room(t *testing.T, x *texts) int {
	t.Helper()
	sum := 0
	for _, s := range x.slabs {
		sum += s.Cap()
	}
	assert.Equal(t, sum, x.size, "a slab has grown, and holds what it held twice")
	return sum
}

func TestTextsOfEveryLength(t *testing.T) {
	x := &texts{}
	var places []text
	for i, n := range lengths {
		places = append(places, x.add(sample(i, n)))
	}
	for i, n := range lengths {
		require.True(t, sample(i, n) == x.at(places[i]), "a text of %d bytes", n)
	}
	assert.Zero(t, places[0], "the empty text has no place")
	assert.Empty(t, x.at(0))
	room(t, x)
	assert.Panics(t, func() { x.add(strings.Repeat("x", textMask+1)) }, "its place can't be told")
}

func TestCardsOfEveryLength(t *testing.T) {
	x := &texts{}
	var places []text
	for i, n := range lengths[:len(lengths)-1] {
		places = append(places, x.addCard(sample(i, n), "", sample(-i, n), "en"))
	}
	places = append(places, x.addCard("", "", "", ""))
	for i, place := range places {
		n := 0
		if i < len(lengths)-1 {
			n = lengths[i]
		}
		c := card(x.at(place))
		require.True(t, sample(i, n) == c.subscriber(), "a field of %d bytes", n)
		require.Empty(t, c.name())
		require.True(t, sample(-i, n) == c.organization())
		if n > 0 {
			require.Equal(t, "en", c.language())
		}
	}
	room(t, x)
}

func TestTheLengthOfACard(t *testing.T) {
	for i, n := range lengths[:len(lengths)-1] {
		x := &texts{}
		x.expect(cardLength(sample(i, n)))
		x.addCard(sample(i, n))
		assert.Equal(t, x.slabs[0].Len(), cardLength(sample(i, n)), "a field of %d bytes", n)
		assert.Len(t, x.slabs, 1)
	}
}

// What is expected has its room in one slab, to the last byte. What is not has slabs that grow with the alert.
func TestSlabs(t *testing.T) {
	x := &texts{}
	x.expect(1000)
	first := x.slabs[0].Cap()
	for range first {
		x.add("a")
	}
	require.Len(t, x.slabs, 1)
	x.add("a")
	require.Len(t, x.slabs, 2)

	x = &texts{}
	x.add("a")
	assert.Less(t, room(t, x), 2*leastSlab, "an alert with few texts is small")
	var places []text
	const many, length = 20_000, 100
	for i := range many {
		places = append(places, x.add(sample(i, length)))
	}
	for i, place := range places {
		require.Equal(t, sample(i, length), x.at(place))
	}
	assert.Less(t, room(t, x), many*length+2*mostSlab)
	for _, s := range x.slabs {
		assert.LessOrEqual(t, s.Cap(), mostSlab+mostSlab/4) // the allocator's classes
	}
	assert.Less(t, len(x.slabs), 2*many*length/mostSlab+20)
}

// Whoever was handed a text reads it without the board's lock, while others are added.
func TestATextStaysWholeWhileMoreAreAdded(t *testing.T) {
	x := &texts{}
	handed, read := make(chan string, 64), make(chan struct{})
	go func() {
		defer close(read)
		var kept []string
		for s := range handed {
			kept = append(kept, s)
			first := max(0, len(kept)-50) // those beside which it is written
			for i, s := range kept[first:] {
				if sample(first+i, (first+i)%300) != s {
					t.Errorf("text %d is %q", first+i, s)
				}
			}
		}
	}()
	for i := range 3000 {
		handed <- x.at(x.add(sample(i, i%300)))
	}
	close(handed)
	<-read
}
