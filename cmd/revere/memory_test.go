package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheMemoryThatIsKeptTo(t *testing.T) {
	const mb = 1 << 20
	for name, x := range map[string]struct{ inUse, machine, limit int64 }{
		"next to nothing is in use":          {100, 8000, 512},
		"as much as the least is enough for": {352, 8000, 512},
		"more than that":                     {400, 8000, 800},
		"much: room for few collections":     {1200, 8000, 5600},
		"much on a small machine":            {1200, 4000, 3000},
		"more than the machine is good for":  {1600, 2000, 2384},
		"nobody knows the machine":           {1200, 0, 1784},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, x.limit*mb, limit(x.inUse*mb, x.machine*mb))
		})
	}
	assert.Positive(t, machine())
}
