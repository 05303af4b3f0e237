package signal

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"revere/alerting"
	"revere/channels"
)

const (
	webhookPath = "/webhooks/signal/"
	// maxBody bounds one posted envelope. Attachments are not in it.
	maxBody = 256 << 10
	// putTimeout bounds the wait for the fact to be durable. The bridge posts from its read loop and
	// sends nothing meanwhile; it never posts again, so giving up sooner would lose the fact.
	putTimeout = 15 * time.Second
)

// Routes is the bridge's receive webhook. A fact is durable before it is answered 200; 503 where it
// could not be made so.
func (c *Channel) Routes(inbox channels.Inbox) []channels.Route {
	return []channels.Route{{
		Pattern: "POST " + webhookPath + "{webhook_token}",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.receive(w, r, inbox) }),
	}}
}

func (c *Channel) receive(w http.ResponseWriter, r *http.Request, inbox channels.Inbox) {
	now := time.Now()
	if !c.authentic(r.PathValue("webhook_token")) {
		c.refuse(r, inbox, now)
		http.Error(w, "wrong webhook token", http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, "the envelope is larger than 256 KiB", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the envelope broke off", http.StatusBadRequest)
		return
	}
	fact, tells, err := readEnvelope(body, c.config.Number, now)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if tells {
		if err := put(r.Context(), inbox, fact); err != nil {
			c.env.Log.Error().Err(err).Str("inbound", string(fact.Kind)).Msg("a Signal message may not have been stored, and the bridge never posts again")
			http.Error(w, "the message could not be stored", http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

// authentic compares hashes, so that the time it takes tells nothing of the token, its length
// included. An empty token lets nobody in.
func (c *Channel) authentic(token string) bool {
	given := sha256.Sum256([]byte(token))
	return c.config.WebhookToken != "" && subtle.ConstantTimeCompare(given[:], c.token[:]) == 1
}

// refuse puts a forged request on record, and only so many a second: whoever guesses tokens must not
// fill the ledger. That it could not be recorded changes nothing for the forger.
func (c *Channel) refuse(r *http.Request, inbox channels.Inbox, now time.Time) {
	if !c.refusals.AllowN(now, 1) {
		return
	}
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	fact := alerting.Inbound{
		Channel: Name, Kind: alerting.InboundRefused, At: now.UTC(), Code: "webhook_token",
		Reason: "a request from " + from + " to the Signal webhook had a wrong token",
	}
	if err := put(r.Context(), inbox, fact); err != nil {
		c.env.Log.Warn().Err(err).Str("from", from).Msg("a request to the Signal webhook with a wrong token could not be put on record")
	}
}

// put outlives the request: that the bridge hung up does not make the message unsaid.
func put(ctx context.Context, inbox channels.Inbox, fact alerting.Inbound) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putTimeout)
	defer cancel()
	return inbox.Put(ctx, fact)
}
