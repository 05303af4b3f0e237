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

// A Board is what there is to file.
type Board interface {
	Fileable(since time.Time, limit int) []alerting.Filed
	FileableForRoom(since time.Time, limit int) []alerting.Filed
	File(alerting.Filed) (filed bool)
	Checkpoint() alerting.Checkpoint
}

var _ Board = (*tracking.Board)(nil)

// A Clerk files alerts. One process at a time has one.
type Clerk struct {
	Board Board
	Store Store
	// After is how long an alert must have been quiet; 0 for the package's After.
	After time.Duration
	// Crowded reports whether what is not filed takes so much memory that new alerts may soon have to wait for
	// room. Alerts are then filed as soon as nothing was heard of them for a minute, the oldest first. Nil: never.
	Crowded func() bool
	Now     func() time.Time
	Log     zerolog.Logger
}

// afterCrowded is how long an alert must have been quiet where memory is short.
const afterCrowded = time.Minute

const (
	longestRound  = 5 * time.Second // to look is a pass over the alerts that are listed
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

// file files what has been quiet for long, and where memory is short what has been for a minute, until it is not.
func (c *Clerk) file(ctx context.Context) error {
	always := func() bool { return true }
	if err := c.fileAll(ctx, c.After, c.Board.Fileable, always); err != nil || c.Crowded == nil {
		return err
	}
	return c.fileAll(ctx, min(c.After, afterCrowded), c.Board.FileableForRoom, c.Crowded)
}

// fileAll goes on while it is wanted, and until nothing more can be filed: until there is nothing, or a round has
// changed nothing. What the board would not take then is under way, and has its turn at the next tick.
func (c *Clerk) fileAll(ctx context.Context, after time.Duration, fileable func(time.Time, int) []alerting.Filed, wanted func() bool) error {
	since := c.Now().Add(-after)
	for wanted() {
		changed := false
		for _, f := range fileable(since, batch) {
			if err := c.Store.File(ctx, f); err != nil {
				return err
			}
			changed = c.Board.File(f) || changed
		}
		if !changed {
			return nil
		}
		if err := c.Store.KeepCheckpoint(ctx, c.Board.Checkpoint()); err != nil {
			return err
		}
	}
	return nil
}
