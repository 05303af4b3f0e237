package channels

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A dispatcher runs for months: what is answered takes no room, in whatever order it is.
func TestExchangesTakeTheRoomOfThoseThatWait(t *testing.T) {
	const atOnce, all = 16, 50_000
	began := func(number uint64) time.Time { return time.Unix(int64(number), 0) }
	for name, step := range map[string]int{"in order": 1, "out of order": 7, "the newest first": atOnce - 1} {
		t.Run(name, func(t *testing.T) {
			e := &exchanges{}
			var open []uint64
			for n := range uint64(all) {
				require.Equal(t, n, e.add(began(n)))
				if open = append(open, n); len(open) < atOnce {
					continue
				}
				for range atOnce {
					i := step % len(open)
					require.Equal(t, began(open[i]), e.answer(open[i]).began)
					open = append(open[:i], open[i+1:]...)
					if len(open) > 0 {
						require.Equal(t, began(open[0]), e.first().began)
					}
				}
				require.Nil(t, e.first())
			}
			assert.LessOrEqual(t, cap(e.all), 4*atOnce)
		})
	}
}

// While one hangs those behind it are kept, and no longer.
func TestAnExchangeThatHangsKeepsThoseBehindIt(t *testing.T) {
	e := &exchanges{}
	pass := func(n int) {
		for range n {
			e.answer(e.add(time.Unix(2, 0)))
		}
	}
	hangs := e.add(time.Unix(1, 0))
	pass(1000)
	require.Equal(t, time.Unix(1, 0), e.first().began)
	e.answer(hangs)
	require.Nil(t, e.first())
	pass(50_000)
	assert.LessOrEqual(t, cap(e.all), 2048)
}
