package tracking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

var errLacking = fmt.Errorf("%w: it was read up to 3 of 4", tracking.ErrLost)

func TestThePausesBetweenReadings(t *testing.T) {
	const s = time.Second
	unread, lost := errBroken, errLacking
	for name, test := range map[string]struct {
		pauses   tracking.Pauses
		readings []error
		want     []time.Duration
	}{
		"none grows":                     {tracking.Pauses{}, []error{unread, lost, unread}, []time.Duration{5 * s, 5 * s, 5 * s}},
		"each is twice as long, bounded": {tracking.Pauses{Longest: time.Minute}, []error{unread, lost, unread, lost, unread, unread}, []time.Duration{5 * s, 10 * s, 20 * s, 40 * s, 60 * s, 60 * s}},
		"longer while it is lost":        {tracking.Pauses{Lost: time.Minute}, []error{unread, lost, lost, unread}, []time.Duration{5 * s, 60 * s, 60 * s, 5 * s}},
		"both":                           {tracking.Pauses{Longest: 2 * time.Minute, Lost: time.Minute}, []error{lost, lost, lost, unread}, []time.Duration{60 * s, 120 * s, 120 * s, 120 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			var u tracking.Unreadable
			now := trackingtest.Start
			for i, why := range test.readings {
				u = u.Failed(why, now, test.pauses)
				assert.Equal(t, why, u.Why)
				assert.Equal(t, test.want[i], u.Again.Sub(now), "after reading %d", i+1)
				now = u.Again
			}
		})
	}
}

// What waits for an alert waits no more when it has waited for a day, and each reading for ten minutes found the
// alert lost.
func TestWhenWhatWaitsIsGivenUp(t *testing.T) {
	type reading struct {
		at  time.Duration
		why error
	}
	const day, second = 24 * time.Hour, time.Second
	lost := func(at time.Duration) reading { return reading{at, errLacking} }
	unread := func(at time.Duration) reading { return reading{at, errBroken} }
	for name, test := range map[string]struct {
		readings []reading
		waits    time.Duration // since when
		want     bool
	}{
		"never read":                 {nil, -10 * day, false},
		"once, after days":           {[]reading{lost(0)}, -10 * day, false},
		"for ten minutes":            {[]reading{lost(0), lost(10 * time.Minute)}, -day, true},
		"for less":                   {[]reading{lost(0), lost(10*time.Minute - second)}, -10 * day, false},
		"for a day":                  {[]reading{lost(0), lost(day)}, 0, true},
		"it has not waited as long":  {[]reading{lost(0), lost(day)}, second, false},
		"it can't be read now":       {[]reading{unread(0), unread(10 * day)}, -day, false},
		"nor any more":               {[]reading{lost(0), lost(day), unread(day + second)}, -day, false},
		"it could not in between":    {[]reading{lost(0), unread(time.Minute), lost(2 * time.Minute), lost(11 * time.Minute)}, -day, false},
		"and for ten minutes since":  {[]reading{lost(0), unread(time.Minute), lost(2 * time.Minute), lost(12 * time.Minute)}, -day, true},
		"at first it could not":      {[]reading{unread(0), lost(day), lost(day + 9*time.Minute)}, -day, false},
		"and was found lost at last": {[]reading{unread(0), lost(day), lost(day + 10*time.Minute)}, -day, true},
	} {
		t.Run(name, func(t *testing.T) {
			var u tracking.Unreadable
			for _, r := range test.readings {
				u = u.Failed(r.why, trackingtest.Start.Add(r.at), tracking.Pauses{})
			}
			assert.Equal(t, test.want, u.Lost(trackingtest.Start.Add(test.waits)))
		})
	}
}
