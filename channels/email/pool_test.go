package email

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type guest struct{ gone atomic.Bool }

func (g *guest) leave() { g.gone.Store(true) }

func TestPoolPartsFromWhatWaitsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool[*guest]{limit: 2}
		old, young := new(guest), new(guest)
		p.put(old)
		time.Sleep(idleFor / 2)
		p.put(young)
		time.Sleep(idleFor/2 + time.Second)
		require.True(t, old.gone.Load())
		require.False(t, young.gone.Load())
		taken, found := p.take()
		require.True(t, found)
		require.Same(t, young, taken)
		time.Sleep(idleFor)
		require.False(t, young.gone.Load(), "what is in use does not wait")
	})
}

func TestPoolIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool[*guest]{limit: 1}
		first, second := new(guest), new(guest)
		p.put(first)
		p.put(second)
		synctest.Wait()
		require.False(t, first.gone.Load())
		require.True(t, second.gone.Load())
		p.close()
		require.True(t, first.gone.Load())
		late := new(guest)
		p.put(late)
		synctest.Wait()
		require.True(t, late.gone.Load(), "a closed pool keeps nothing")
	})
}
