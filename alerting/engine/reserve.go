package engine

import (
	"context"
	"time"

	"revere/alerting"
)

// A Reserve is what must stay free on the embedded server's disk, so that what was accepted can be
// finished: attempts, outcomes, replies and receipts are written whatever the disk holds, and a server
// that finds none of it left loses its streams.
type Reserve struct {
	// Dir is a directory on that disk.
	Dir string
	// Bytes is how much must be free. It is asked at every look and must be quick.
	Bytes func() uint64
	// Free says how much is; nil asks the operating system.
	Free func(dir string) (uint64, error)
	// Observe is told of every look.
	Observe func(free, reserve uint64, low bool)
}

// reserveLook is how often the disk is looked at. A producer can't write as much as the least sensible
// reserve in that time.
const reserveLook = 100 * time.Millisecond

// KeepReserve watches the disk until ctx is done. While less than the reserve is free nothing new is
// taken on: Submit and Resubmit fail, a publish of any producer is refused by the server ("maximum
// bytes exceeded"), and Storage says why. When there is room again, by a quarter of the reserve, it all
// goes on by itself.
func (e *Engine) KeepReserve(ctx context.Context, r Reserve) error {
	if r.Free == nil {
		r.Free = freeBytes
	}
	k := &reserveKeeper{Engine: e, Reserve: r}
	look := time.NewTicker(reserveLook)
	defer look.Stop()
	for {
		k.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// Storage says why nothing new is taken on; nil while it is.
func (e *Engine) Storage() error {
	if full := e.full.Load(); full != nil {
		return full
	}
	return nil
}

// A reserveKeeper is one call of KeepReserve.
type reserveKeeper struct {
	*Engine
	Reserve
	closed bool // ALERTS takes nothing
	blind  bool // the disk can't be looked at
}

func (k *reserveKeeper) look(ctx context.Context) {
	free, err := k.Free(k.Dir)
	if err != nil {
		if !k.blind {
			k.log.Error().Err(err).Str("data_dir", k.Dir).Msg("can't find out how much room is left on the disk; alerts are taken as before")
		}
		k.blind = true
		return
	}
	k.blind = false
	reserve := k.Bytes()
	low := free < reserve || k.full.Load() != nil && free < reserve+reserve/4
	k.note(free, reserve, low)
	k.Observe(free, reserve, low)
	if low != k.closed && ctx.Err() == nil {
		if err := k.closeAlerts(ctx, low); err != nil {
			k.log.Warn().Err(err).Bool("close", low).Msg("can't tell the ALERTS stream what room there is; trying again")
			return
		}
		k.closed = low
	}
}

// note keeps whether there is room, and tells the operator when that changes.
func (k *reserveKeeper) note(free, reserve uint64, low bool) {
	was := k.full.Load() != nil
	if !low {
		k.full.Store(nil)
		if was {
			k.log.Info().Uint64("free_bytes", free).Uint64("reserve_bytes", reserve).Msg("the disk has room again: alerts are taken")
		}
		return
	}
	k.full.Store(alerting.Errorf(alerting.CodeStorage, "the engine's disk has %d MiB free and must have %d to finish what was accepted; nothing new is taken until the operator makes room, try again then", free>>20, reserve>>20))
	if !was {
		k.log.Error().Uint64("free_bytes", free).Uint64("reserve_bytes", reserve).Str("data_dir", k.Dir).Msg("the disk is nearly full: new alerts and imports are refused; make room, and they are taken again")
	}
}

// closeAlerts has the ALERTS stream refuse what is published, or take it again. It keeps all that it
// holds: a stream that discards what is new removes nothing for its bounds.
func (k *reserveKeeper) closeAlerts(ctx context.Context, closed bool) error {
	stream, err := k.js.Stream(ctx, alertsStream)
	if err != nil {
		return err
	}
	config := stream.CachedInfo().Config
	config.MaxBytes = -1
	if closed {
		config.MaxBytes = 1
	}
	_, err = k.js.UpdateStream(ctx, config)
	return err
}
