package fanout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// published is a line of messages, the first with sequence 1, each written as
// "severity", "severity id" or "severity id > reference,reference".
func published(o *order, line ...string) []*waiting {
	var all []*waiting
	for i, text := range line {
		head, references, corrects := strings.Cut(text, " > ")
		severity, id, _ := strings.Cut(head, " ")
		body := fmt.Sprintf(`{"severity": %q, "id": %q`, severity, id)
		names := strings.Split(references, ",")
		if corrects {
			body += `, "type": "cancel"`
		}
		w, _ := glance(&alerting.Submission{Sequence: uint64(i) + 1, Body: []byte(body + "}")})
		o.add(w, names)
		all = append(all, w)
	}
	return all
}

// judgedIn takes all that may go, one by one.
func judgedIn(o *order, room bool) (sequences []uint64) {
	for {
		batch := o.take(1, room)
		if len(batch) == 0 {
			return sequences
		}
		sequences = append(sequences, batch[0].sequence)
		o.settle(batch[0])
	}
}

func TestOrder(t *testing.T) {
	tests := map[string]struct {
		published []string
		room      []uint64 // in which order they are judged while there is room
		noRoom    []uint64 // and which of them go on where there is none
	}{
		"the gravest first, then as published": {
			[]string{"minor", "severe", "extreme", "moderate", "unknown", "extreme"}, []uint64{3, 6, 2, 5, 4, 1}, []uint64{3, 6},
		},
		"the same id as published, whoever is graver": {
			[]string{"severe", "minor x", "moderate x", "extreme x"}, []uint64{2, 3, 4, 1}, []uint64{2, 3, 4},
		},
		"a correction behind what it names": {
			[]string{"minor x", "minor y", "severe", "extreme c > x"}, []uint64{1, 4, 3, 2}, []uint64{1, 4},
		},
		"a correction behind what it names by key, and what shares that one's id": {
			[]string{"minor x", "minor x", "severe", "extreme c > a1"}, []uint64{1, 2, 4, 3}, []uint64{1, 2, 4},
		},
		"a correction before a later message with the id that it names": {
			[]string{"severe c > x", "minor x", "extreme"}, []uint64{3, 1, 2}, []uint64{3, 1},
		},
		"a correction before a graver message with the id that it names": {
			[]string{"minor c > x", "severe", "extreme x"}, []uint64{1, 3, 2}, []uint64{1, 3},
		},
		"a correction before a graver message with the key that it names": {
			[]string{"minor c > a3", "severe", "extreme"}, []uint64{1, 3, 2}, []uint64{1, 3},
		},
		"a correction by key before a graver message with the id of what it names": {
			[]string{"minor x", "minor c > a1", "severe", "extreme x"}, []uint64{1, 2, 4, 3}, []uint64{1, 2, 4},
		},
		"the newest of two corrections of one id before a graver message with it": {
			[]string{"minor c > x", "minor d > y,x", "severe", "extreme x"}, []uint64{1, 2, 4, 3}, []uint64{1, 2, 4},
		},
		"a message without an id has its key for one": {
			[]string{"minor", "severe", "extreme c > a1"}, []uint64{1, 3, 2}, []uint64{1, 3},
		},
		"corrections as published": {
			[]string{"minor u > x", "severe", "extreme c > y"}, []uint64{1, 3, 2}, []uint64{1, 3},
		},
		"a correction of a correction": {
			[]string{"minor x", "moderate u > x", "severe", "severe c > u"}, []uint64{1, 2, 3, 4}, []uint64{1, 2, 4},
		},
		"what is urgent pulls along what that waits for": {
			[]string{"minor x", "moderate x > y", "severe", "extreme x"}, []uint64{1, 2, 4, 3}, []uint64{1, 2, 4},
		},
		"a correction makes no work and needs no room": {
			[]string{"severe", "minor c > gone"}, []uint64{1, 2}, []uint64{2},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			full, empty := newOrder(alerting.Judged{}), newOrder(alerting.Judged{})
			published(full, test.published...)
			assert.Equal(t, test.noRoom, judgedIn(full, false))
			published(empty, test.published...)
			assert.Equal(t, test.room, judgedIn(empty, true))
			assert.Equal(t, alerting.Judged{Through: uint64(len(test.published)), Furthest: uint64(len(test.published))}, empty.judged())
			assert.Empty(t, empty.named, "what is judged is forgotten")
		})
	}
}

func TestABatchIsOfOneSeverity(t *testing.T) {
	o := newOrder(alerting.Judged{})
	published(o, "severe", "extreme", "severe", "extreme", "severe")
	assert.Len(t, o.take(10, true), 2)
	severe := o.take(2, true)
	assert.Len(t, severe, 2)
	o.settle(severe[0])
	o.offer(severe[1]) // not judged after all
	assert.Equal(t, []uint64{3, 5}, judgedIn(o, true))
}

// A flood of corrections that name much is read ahead no further than its names find room.
func TestWhatCorrectionsNameIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(alerting.Judged{})
		names := make([]string, maxNamed)
		for i := range names {
			names[i] = fmt.Sprint("x", i)
		}
		flood := &waiting{sequence: 1, id: "flood", corrects: true}
		require.NoError(t, q.add(t.Context(), flood, names))
		added := make(chan error, 1)
		go func() { added <- q.add(t.Context(), &waiting{sequence: 2, id: "next"}, nil) }()
		synctest.Wait()
		require.Empty(t, added, "it waits")
		batch, _, err := q.take(t.Context(), 10, func(int) bool { return true })
		require.NoError(t, err)
		require.Equal(t, []*waiting{flood}, batch)
		q.settle(batch, 1)
		synctest.Wait()
		require.NoError(t, <-added)
	})
}

func TestWhatIsNoAlertNeedsNoRoom(t *testing.T) {
	for body, needs := range map[string]bool{
		"not JSON": false, `{"severity": "minor"}`: true, `{"severity": "extreme"}`: false, `{"severity": "minor", "type": "update"}`: false, "{}": true,
	} {
		w, _ := glance(&alerting.Submission{Sequence: 1, Body: []byte(body)})
		assert.Equal(t, needs, w.needsRoom, body)
	}
}

// Whatever is published and judged in whatever steps, the promises of the order hold, and what is
// noted as judged is what was.
func TestOrderKeepsItsPromises(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		o := newOrder(alerting.Judged{})
		var all []*waiting
		named := map[uint64][]string{}
		place := map[uint64]int{}
		judge := func(n int, room bool) {
			for _, w := range o.take(n, room) {
				place[w.sequence] = len(place)
				o.settle(w)
			}
			assertNoted(t, o, all, place)
		}
		for i := range 60 {
			w, names := anything(random, uint64(i)+1)
			o.add(w, names)
			all, named[w.sequence] = append(all, w), names
			if random.IntN(3) == 0 {
				judge(1+random.IntN(3), random.IntN(2) == 0)
			}
		}
		for len(place) < len(all) {
			judge(64, true)
		}
		assertKept(t, all, named, place)
		require.False(t, t.Failed(), "seed %d", seed)
	}
}

func anything(random *rand.Rand, sequence uint64) (*waiting, []string) {
	w := &waiting{sequence: sequence, id: string(rune('a' + random.IntN(20))), rank: random.IntN(4)}
	if random.IntN(5) > 0 {
		w.needsRoom = w.rank > 0
		return w, nil
	}
	w.corrects = true
	return w, []string{string(rune('a' + random.IntN(20))), string(alerting.KeyOf(1 + random.Uint64N(sequence)))}
}

// assertKept holds who was judged when against what must not be turned round.
func assertKept(t *testing.T, all []*waiting, named map[uint64][]string, place map[uint64]int) {
	for i, first := range all {
		for _, second := range all[i+1:] {
			names, before := named[second.sequence], named[first.sequence]
			if slices.Contains(before, second.id) || slices.Contains(before, string(alerting.KeyOf(second.sequence))) {
				assert.Less(t, place[first.sequence], place[second.sequence], "%d, which names %d, before it", first.sequence, second.sequence)
			}
			if first.id == second.id || first.corrects && second.corrects || slices.Contains(names, first.id) || slices.Contains(names, string(alerting.KeyOf(first.sequence))) {
				assert.Less(t, place[first.sequence], place[second.sequence], "%d before %d", first.sequence, second.sequence)
			}
		}
	}
}

func assertNoted(t *testing.T, o *order, all []*waiting, place map[uint64]int) {
	noted := o.judged()
	ahead := 0
	for sequence := range place {
		ahead += one(sequence > noted.Through)
		assert.LessOrEqual(t, sequence, noted.Furthest)
	}
	assert.EqualValues(t, ahead, noted.Ahead)
	assert.False(t, slices.ContainsFunc(all, func(w *waiting) bool {
		_, judged := place[w.sequence]
		return w.sequence <= noted.Through && !judged
	}), "%+v", noted)
	assert.Equal(t, len(all)-len(place), o.live)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
