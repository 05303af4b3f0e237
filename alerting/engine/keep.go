package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Secret returns the installation's secret of that name: 32 random bytes, made when they are first
// asked for and the same for every process ever after.
func (e *Engine) Secret(ctx context.Context, name string) ([]byte, error) {
	key := "secret." + name
	kept, err := e.keep.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		fresh := make([]byte, 32)
		rand.Read(fresh) // never fails (crypto/rand)
		if _, err := e.keep.Create(ctx, key, fresh); err == nil {
			return fresh, nil
		} else if !errors.Is(err, jetstream.ErrKeyExists) {
			return nil, err
		}
		kept, err = e.keep.Get(ctx, key) // another process was first
	}
	if err != nil {
		return nil, err
	}
	return kept.Value(), nil
}

// Remember stores value under a key for a day unless something is stored there already, and
// returns what is stored from then on. first is true when that is value.
func (e *Engine) Remember(ctx context.Context, key string, value []byte) (kept []byte, first bool, err error) {
	_, err = e.keep.Create(ctx, "idempotency."+key, value, jetstream.KeyTTL(idempotencyLife))
	if err == nil {
		return value, true, nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, false, err
	}
	entry, err := e.keep.Get(ctx, "idempotency."+key)
	if err != nil {
		return nil, false, err
	}
	return entry.Value(), false, nil
}

// Revise replaces what Remember stored, at once: at no time is nothing stored. The day begins anew.
func (e *Engine) Revise(ctx context.Context, key string, value []byte) error {
	_, err := e.putFor(ctx, keepBucket, "idempotency."+key, value, idempotencyLife)
	return err
}

// Forget lets a key be used again.
func (e *Engine) Forget(ctx context.Context, key string) error {
	return e.keep.Purge(ctx, "idempotency."+key)
}

// putFor stores a key's value with its time to live: KeyValue.Update and Put would drop that.
func (e *Engine) putFor(ctx context.Context, bucket, key string, value []byte, life time.Duration, options ...jetstream.PublishOpt) (revision uint64, err error) {
	ack, err := e.js.Publish(ctx, "$KV."+bucket+"."+key, value, append(options, jetstream.WithMsgTTL(life))...)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}
