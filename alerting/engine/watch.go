package engine

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

const (
	watchEvery = 2 * time.Second
	// enoughMissed is how many tries in a row nobody answered when another server is asked.
	enoughMissed = 2
	// stay is how long a server is given before the next move.
	stay = 5 * time.Second
)

// A mover leaves a server that takes requests and has no JetStream to offer. One that is cut off from
// the other servers would keep its clients for as long as that lasts, while the others could serve them;
// for the first ten seconds it even takes itself for the leader, and answers whatever needs no write. In
// an election, which looks the same, moving does no harm.
type mover struct {
	conn *nats.Conn
	log  zerolog.Logger

	mu     sync.Mutex
	missed map[string]int // tries in a row that nobody answered, by who tried
	moved  time.Time
}

// hear notes whether a try was answered, and moves on after enough that were not.
func (m *mover) hear(who string, answered bool) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.missed[who]++
	if answered || !m.conn.IsConnected() {
		m.missed[who] = 0
	}
	if m.missed[who] < enoughMissed || time.Since(m.moved) < stay {
		return
	}
	m.missed[who], m.moved = 0, time.Now()
	m.log.Warn().Str("server", m.conn.ConnectedUrlRedacted()).Msg("this NATS server can't reach JetStream; moving to another")
	if err := m.conn.ForceReconnect(); err != nil {
		m.log.Warn().Err(err).Msg("can't move to another NATS server")
	}
}

// Who hears.
const (
	watcher = "watch"
	writer  = "write"
)

// watch sees that there is JetStream, also for a process that only reads.
func (e *Engine) watch(ctx context.Context) {
	for pause(ctx, watchEvery) {
		_, err := once(ctx, func(ctx context.Context) (uint64, error) { return e.reached(ctx, ledgerStream) })
		e.mover.hear(watcher, err == nil)
	}
}
