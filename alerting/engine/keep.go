package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"

	"github.com/nats-io/nats.go/jetstream"
)

// Secret returns the installation's secret of that name: 32 random bytes, made when they are first
// asked for and the same for every process ever after.
func (e *Engine) Secret(ctx context.Context, name string) ([]byte, error) {
	key := "secret." + name
	kept, err := patiently(ctx, func(ctx context.Context) (jetstream.KeyValueEntry, error) { return e.keep.Get(ctx, key) })
	if err == nil {
		return kept.Value(), nil
	}
	if !errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, err
	}
	fresh := make([]byte, 32)
	rand.Read(fresh) // never fails (crypto/rand)
	secret, _, err := e.claim(ctx, key, fresh)
	return secret, err
}

// Remember stores value under a key for a day unless something is stored there already, and
// returns what is stored from then on. first is true when that is value.
func (e *Engine) Remember(ctx context.Context, key string, value []byte) (kept []byte, first bool, err error) {
	return e.claim(ctx, "idempotency."+key, value, jetstream.KeyTTL(idempotencyLife))
}

// claim stores value under a key unless something is stored there already. A try that nobody answered
// may have stored it: the next one then finds it there.
func (e *Engine) claim(ctx context.Context, key string, value []byte, options ...jetstream.KVCreateOpt) (kept []byte, first bool, err error) {
	tries := 0
	kept, err = patiently(ctx, func(ctx context.Context) ([]byte, error) {
		tries++
		_, err := e.keep.Create(ctx, key, value, options...)
		if err == nil {
			first = true
			return value, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return nil, err
		}
		entry, err := e.keep.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil, errLagging
		}
		if err != nil {
			return nil, err
		}
		first = tries > 1 && bytes.Equal(entry.Value(), value)
		return entry.Value(), nil
	})
	return kept, first, err
}

// Revise replaces what Remember stored, at once: at no time is nothing stored. The day begins anew.
// KeyValue.Put would drop its end.
func (e *Engine) Revise(ctx context.Context, key string, value []byte) error {
	_, err := patiently(ctx, func(ctx context.Context) (*jetstream.PubAck, error) {
		return e.js.Publish(ctx, keySubject(keepBucket, "idempotency."+key), value, jetstream.WithMsgTTL(idempotencyLife))
	})
	return err
}

// Forget lets a key be used again.
func (e *Engine) Forget(ctx context.Context, key string) error {
	_, err := patiently(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, e.keep.Purge(ctx, "idempotency."+key) })
	return err
}

// keySubject is the subject on which a bucket's key is stored.
func keySubject(bucket, key string) string { return "$KV." + bucket + "." + key }
