package harness

import (
	"math/rand/v2"
	"sync/atomic"
)

// Ports are given out in turn from a random one, so that tests which run at the same time, in this
// process or in another, seldom try the same.
var ports portRange

type portRange struct{ given atomic.Int64 }

const (
	firstPort = 20000
	portCount = 12000
)

var portOffset = rand.Int64N(portCount)

func (p *portRange) next() int { return int(firstPort + (portOffset+p.given.Add(1))%portCount) }
