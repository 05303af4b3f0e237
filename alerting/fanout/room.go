package fanout

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A Room bounds the accepted work that is unsent. Where there is none left, alerts that are not
// extreme wait in the ALERTS stream: durable, in order, and not expanded. Corrections go on, since
// they end work.
type Room struct {
	// MaxQueued bounds the deliveries that are due and unsent, MaxOpen the alerts that people may
	// still answer.
	MaxQueued, MaxOpen int
	// Queued counts the deliveries that are due. It may take its time: it is asked once a second at
	// most.
	Queued func() int
	// Storage says why the engine takes nothing more on; nil while it does.
	Storage func() error
	// Observe is told how many messages wait to be judged, and how many of them wait for room.
	Observe func(waiting, held int)
}

// measureEvery is how long a count of the accepted work is used. What is accepted meanwhile is added;
// what is sent meanwhile is only seen by the next.
const measureEvery = time.Second

// A measure is how much accepted work there is.
type measure struct {
	*Room
	board        *tracking.Board
	log          zerolog.Logger
	at           time.Time
	queued, open int
	lacking      bool
}

// share is how much of the room alerts of a rank may fill: a flood of minor ones leaves some to graver.
func share(rank int) float64 { return 1 - 0.1*float64(max(0, rank-alerting.Severe.Rank())) }

// left reports whether there is room for one alert more of a rank, and tells the operator when that
// changes.
func (m *measure) left(now time.Time, rank int) bool {
	if m.Room == nil {
		return true
	}
	if now.Sub(m.at) >= measureEvery || now.Before(m.at) {
		m.at, m.queued, m.open = now, m.Queued(), m.board.CountOpen(now)
	}
	why := m.lacks(share(rank))
	if lacking := why != ""; lacking != m.lacking {
		m.lacking = lacking
		if lacking {
			m.log.Warn().Str("why", why).Msg("alerts that are not extreme wait until there is room for them")
		} else {
			m.log.Info().Msg("there is room for alerts again")
		}
	}
	return !m.lacking
}

// lacks says what there is too much of; "" where there is room.
func (m *measure) lacks(share float64) string {
	if err := m.Storage(); err != nil {
		return err.Error()
	}
	if float64(m.queued) >= share*float64(m.MaxQueued) {
		return fmt.Sprintf("%d deliveries are due and unsent, of %d that admission.queued_deliveries allows", m.queued, m.MaxQueued)
	}
	if float64(m.open) >= share*float64(m.MaxOpen) {
		return fmt.Sprintf("%d alerts are open, of %d that admission.open_alerts allows", m.open, m.MaxOpen)
	}
	return ""
}

// took adds an alert that was accepted since it was counted.
func (m *measure) took(deliveries int) {
	m.queued, m.open = m.queued+deliveries, m.open+1
}
