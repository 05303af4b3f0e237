package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"revere/alerting"
)

// bodies bounds how much of large alerts is in hand at once: each is in memory some four times over while it is
// read and judged, and a thousand clients may have one each. Those that there is no room for wait in their sockets.
type bodies struct {
	room *semaphore.Weighted
}

const (
	// maxBodiesInHand bounds what they have together, in bytes; those of up to smallBody are not counted.
	maxBodiesInHand = 32 << 20
	smallBody       = 16 << 10
	// bodyPatience is how long one waits for room.
	bodyPatience = 20 * time.Second
)

func newBodies() bodies { return bodies{semaphore.NewWeighted(maxBodiesInHand)} }

// inTurn is the middleware of an operation that takes an alert.
func (b bodies) inTurn(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	size := min(r.ContentLength, maxPublishBytes)
	if size < 0 { // the client does not say
		size = maxPublishBytes
	}
	if size <= smallBody {
		next(ctx)
		return
	}
	waiting, cancel := context.WithTimeout(r.Context(), bodyPatience)
	defer cancel()
	if b.room.Acquire(waiting, size) != nil {
		newProblem(alerting.CodeOverloaded, "too many large alerts are being taken in; this one was not read, try again in a moment", nil).write(w)
		return
	}
	defer b.room.Release(size)
	begins(w, r)
	next(ctx)
}

// begins gives a request that has waited the time that one has. Where the connection is gone that changes nothing.
func begins(w http.ResponseWriter, r *http.Request) {
	server, served := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !served {
		return
	}
	controller, now := http.NewResponseController(w), time.Now()
	_ = controller.SetReadDeadline(now.Add(server.ReadTimeout))
	_ = controller.SetWriteDeadline(now.Add(server.WriteTimeout))
}
