package engine

import "context"

// SyncsAlways reports whether the server syncs every write before it acknowledges it.
func (s *Server) SyncsAlways() bool { return s.nats.JetStreamConfig().SyncAlways }

// PublishRaw stores bytes as no version of Revere writes them.
func (e *Engine) PublishRaw(ctx context.Context, subject string, data []byte) (uint64, error) {
	return e.publish(ctx, subject, Anywhere, data)
}

// StreamNames lists every stream of the account.
func (e *Engine) StreamNames(ctx context.Context) (names []string, err error) {
	list := e.js.StreamNames(ctx)
	for name := range list.Name() {
		names = append(names, name)
	}
	return names, list.Err()
}
