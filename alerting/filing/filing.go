// Package filing puts alerts away that are over: what is left of them in memory is a line, and a
// process that starts does not read their part of the ledger. Whoever asks for one has it read again.
package filing

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/tracking"
)

// After is how long nothing must have been heard of an alert that is over before it is filed: people
// answer on the morning after.
const After = 48 * time.Hour

// A Store keeps what is filed.
type Store interface {
	// File makes a filed alert durable, unless what is stored knows as much of it already.
	File(context.Context, alerting.Filed) error
	// KeepCheckpoint makes durable where a process may begin to read, given all that was filed before.
	KeepCheckpoint(context.Context, alerting.Checkpoint) error
}

// A Clerk files alerts. One process at a time has one.
type Clerk struct {
	Board *tracking.Board
	Store Store
	// After is how long an alert must have been quiet; 0 for the package's After.
	After time.Duration
	Now   func() time.Time
	Log   zerolog.Logger
}

const (
	longestRound  = time.Minute
	shortestRound = 50 * time.Millisecond
	batch         = 100
)

// Run files what can be until ctx is done. What can't be stored now is filed later: nothing depends
// on it.
func (c *Clerk) Run(ctx context.Context) {
	if c.After == 0 {
		c.After = After
	}
	tick := time.NewTicker(min(max(c.After/10, shortestRound), longestRound))
	defer tick.Stop()
	for {
		if err := c.file(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn().Err(err).Msg("alerts that are over could not be filed; they stay in memory and are filed later")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *Clerk) file(ctx context.Context) error {
	since := c.Now().Add(-c.After)
	for {
		all := c.Board.Fileable(since, batch)
		if len(all) == 0 {
			return nil
		}
		for _, f := range all {
			if err := c.Store.File(ctx, f); err != nil {
				return err
			}
			c.Board.File(f)
		}
		if err := c.Store.KeepCheckpoint(ctx, c.Board.Checkpoint()); err != nil {
			return err
		}
	}
}
