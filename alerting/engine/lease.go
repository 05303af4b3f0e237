package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// A lease lasts leaseLife from its last renewal, and is renewed three times in that. It is given up
// leaseMargin early, so that its holder has stopped before anyone else begins.
const (
	leaseLife    = 3 * time.Second
	leaseRenewal = leaseLife / 3
	leaseMargin  = 500 * time.Millisecond
	leaseRetry   = 300 * time.Millisecond
	leaseTry     = 500 * time.Millisecond // how long an answer to a renewal is waited for
)

// A Lease is the right to do what only one process may do at a time. Held is cheap: ask it
// immediately before every act that the lease covers.
type Lease struct {
	deadline atomic.Pointer[time.Time]
}

// Held reports whether the right is still certain. It compares monotonic time, so that a process
// which was stopped and wakes knows at once that it has lost the lease.
func (l *Lease) Held() bool {
	deadline := l.deadline.Load()
	return deadline != nil && time.Now().Before(*deadline)
}

// HoldLease runs work whenever this process holds the named lease, until ctx is done: it waits for
// the lease, calls work, and cancels work's context when the lease is lost. When work returns the
// lease is given back, and after a pause it is asked for again.
func (e *Engine) HoldLease(ctx context.Context, name, holder string, work func(context.Context, *Lease) error) error {
	for {
		revision, start, err := e.acquire(ctx, name, holder)
		if err != nil {
			return nil // ctx is done
		}
		if err := e.hold(ctx, name, holder, revision, start, work); err != nil && ctx.Err() == nil {
			e.log.Error().Err(err).Str("lease", name).Msg("work under a lease failed; it starts again")
		}
		if !pause(ctx, leaseRetry) {
			return nil
		}
	}
}

// acquire waits until the lease is free and takes it. start is taken before the request, so that
// the holder's idea of the deadline is never later than the server's.
func (e *Engine) acquire(ctx context.Context, name, holder string) (revision uint64, start time.Time, err error) {
	mine := true // it may be ours: given back or asked for without an answer
	for {
		start = time.Now()
		revision, err = e.grasp(ctx, name, holder, mine)
		switch {
		case err == nil:
			return revision, start, nil
		case ctx.Err() != nil:
			return 0, start, ctx.Err()
		case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, alerting.ErrOvertaken):
			mine = false
		default:
			mine = true
			e.log.Warn().Err(err).Str("lease", name).Msg("can't ask for a lease; trying again")
		}
		if !pause(ctx, leaseRetry) {
			return 0, start, ctx.Err()
		}
	}
}

// grasp asks for the lease once. One that is taken may be ours still.
func (e *Engine) grasp(ctx context.Context, name, holder string, mine bool) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseRenewal)
	defer cancel()
	revision, err := e.leases.Create(ctx, name, []byte(holder), jetstream.KeyTTL(leaseLife))
	if !mine || !errors.Is(err, jetstream.ErrKeyExists) {
		return revision, err
	}
	if held, gone := e.leases.Get(ctx, name); gone == nil && string(held.Value()) == holder {
		return e.renew(ctx, name, holder, held.Revision())
	}
	return 0, err
}

func (e *Engine) hold(ctx context.Context, name, holder string, revision uint64, start time.Time, work func(context.Context, *Lease) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lease := &Lease{}
	lease.extend(start)
	e.log.Info().Str("lease", name).Msg("holding the lease")

	done := make(chan error, 1)
	go func() { done <- work(ctx, lease) }()
	renew := time.NewTicker(leaseRenewal)
	defer renew.Stop()
	for {
		select {
		case err := <-done:
			lease.end()
			e.release(name, revision)
			return err
		case <-renew.C:
			start := time.Now()
			next, err := e.renewWhile(context.WithoutCancel(ctx), lease, name, holder, revision) // work that drains still needs it
			switch {
			case err == nil:
				revision = next
				lease.extend(start)
			default:
				lease.end()
				e.log.Warn().Str("lease", name).Msg("lost the lease")
				cancel()
				return <-done
			}
		}
	}
}

func (l *Lease) extend(start time.Time) {
	deadline := start.Add(leaseLife - leaseMargin)
	l.deadline.Store(&deadline)
}

func (l *Lease) end() { l.deadline.Store(nil) }

// renewWhile renews the lease, trying as long as it is held.
func (e *Engine) renewWhile(ctx context.Context, lease *Lease, name, holder string, revision uint64) (uint64, error) {
	ctx, cancel := context.WithDeadline(ctx, *lease.deadline.Load())
	defer cancel()
	return e.renew(ctx, name, holder, revision)
}

// renew stores the lease anew, with its time to live: KeyValue.Update would drop that.
func (e *Engine) renew(ctx context.Context, name, holder string, revision uint64) (uint64, error) {
	msg := &nats.Msg{Subject: keySubject(leasesBucket, name), Header: nats.Header{}, Data: []byte(holder)}
	w := e.newWrite(revision, []*nats.Msg{msg}, jetstream.WithMsgTTL(leaseLife))
	w.patience = leaseTry
	return w.through(ctx)
}

// voidLeases frees every lease.
func (e *Engine) voidLeases(ctx context.Context) error {
	stream, err := e.js.Stream(ctx, "KV_"+leasesBucket)
	if err != nil {
		return err
	}
	return stream.Purge(ctx)
}

// release lets the next holder begin at once instead of when the lease runs out.
func (e *Engine) release(name string, revision uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := e.leases.Purge(ctx, name, jetstream.LastRevision(revision)); err != nil {
		e.log.Debug().Err(err).Str("lease", name).Msg("the lease was not given back; it runs out by itself")
	}
}
