package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheMemoryThatIsKeptTo(t *testing.T) {
	const mb = 1 << 20
	for name, x := range map[string]struct{ inUse, machine, limit int64 }{
		"little is in use":                  {100, 8000, 512},
		"as much as is kept to":             {512, 8000, 768},
		"much: room for few collections":    {1200, 8000, 4640},
		"much on a small machine":           {1200, 4000, 3000},
		"more than the machine is good for": {1600, 2000, 2944},
		"nobody knows the machine":          {1200, 0, 2144},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, x.limit*mb, limit(x.inUse*mb, x.machine*mb))
		})
	}
	assert.Positive(t, machine())
}
