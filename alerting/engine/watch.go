package engine

import (
	"context"
	"time"
)

const (
	watchEvery  = 2 * time.Second
	watchMisses = 3
)

// watch leaves a server that answers for itself and has no JetStream to offer. One that is cut off
// from the other servers would keep its clients for as long as that lasts, while the others could
// serve them. In an election, which looks the same, moving does no harm.
func (e *Engine) watch(ctx context.Context) {
	for missed := 0; pause(ctx, watchEvery); {
		_, err := once(ctx, func(ctx context.Context) (uint64, error) { return e.reached(ctx, ledgerStream) })
		if err == nil || !e.conn.IsConnected() {
			missed = 0
			continue
		}
		if missed++; missed < watchMisses {
			continue
		}
		missed = 0
		e.log.Warn().Err(err).Str("server", e.conn.ConnectedUrlRedacted()).Msg("this NATS server can't reach JetStream; moving to another")
		if err := e.conn.ForceReconnect(); err != nil {
			e.log.Warn().Err(err).Msg("can't move to another NATS server")
		}
	}
}
