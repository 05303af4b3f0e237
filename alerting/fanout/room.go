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
	// MaxBytes bounds what alerts take in memory by what they say, in bytes: those that people may still answer
	// and those that are over and not filed. Alerts that are extreme and updates may take urgentShare times as
	// much, and are refused then; a withdrawal never is. 0 bounds nothing.
	MaxBytes int
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
	bytes        int
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
	m.look(now)
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

// look counts, unless it did so lately.
func (m *measure) look(now time.Time) {
	if now.Sub(m.at) >= measureEvery || now.Before(m.at) {
		m.at, m.queued, m.open, m.bytes = now, m.Queued(), m.board.CountOpen(now), m.board.Bytes()
	}
}

// refuse says why not even an alert that needs no room can be taken in.
func (m *measure) refuse(now time.Time, a *alerting.Alert) error {
	if m.Room == nil || m.MaxBytes == 0 || a.Type == alerting.TypeCancel {
		return nil
	}
	m.look(now)
	if most := urgentShare * m.MaxBytes; m.bytes+a.Bytes() > most {
		return alerting.Errorf(alerting.CodeOverloaded, "what open alerts say takes %s of memory, and with this one it would be more than %s, %d times admission.open_text; publish it again with a shorter text, or when some of those are over", mebibytes(m.bytes), mebibytes(most), urgentShare)
	}
	return nil
}

// mebibytes words a number of bytes.
func mebibytes(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// lacks says what there is too much of; "" where there is room.
func (m *measure) lacks(share float64) string {
	if err := m.Storage(); err != nil {
		return err.Error()
	}
	if float64(m.queued) >= share*float64(m.MaxQueued) {
		return fmt.Sprintf("%d deliveries are due and unsent, of %d that admission.queued_deliveries allows", m.queued, m.MaxQueued)
	}
	return m.tooOpen(m.open, m.bytes, share)
}

// tooOpen says what of open alerts there is too much of; "" where there is room.
func (r *Room) tooOpen(open, bytes int, share float64) string {
	if float64(open) >= share*float64(r.MaxOpen) {
		return fmt.Sprintf("%d alerts are open, of %d that admission.open_alerts allows", open, r.MaxOpen)
	}
	if r.MaxBytes > 0 && float64(bytes) >= share*float64(r.MaxBytes) {
		return fmt.Sprintf("what open alerts say takes %s of memory, of %s that admission.open_text allows", mebibytes(bytes), mebibytes(r.MaxBytes))
	}
	return ""
}

// TooOpen says what of a board's open alerts there is too much of for one more of a rank.
func (r *Room) TooOpen(board *tracking.Board, now time.Time, rank int) string {
	return r.tooOpen(board.CountOpen(now), board.Bytes(), share(rank))
}

// took adds an alert that was accepted since it was counted.
func (m *measure) took(deliveries int) {
	m.queued, m.open = m.queued+deliveries, m.open+1
}

// opened adds what an alert says that was opened since it was counted.
func (m *measure) opened(a *alerting.Alert) { m.bytes += a.Bytes() }
