// Package bench measures this machine: what the engine underneath can do at most with the messages
// that Revere writes, and beside it what Revere does; and what it sends by SMS over HTTP, beside a
// loop of bare calls. It asserts nothing; it names the targets.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/rs/zerolog"
)

// Options say what is measured.
type Options struct {
	// Recipients of each alert, one contact each; 1 to MaxRecipients.
	Recipients int
	// Alerts to all recipients. Rates are medians over them.
	Alerts int
	// Areas are the municipalities that the recipients are spread over.
	Areas int
	// Samples are how many alerts each latency is taken from; 0 for 200.
	Samples int
	// Program is what Run starts as Twilio's stand-in: an executable whose main calls BeStandIn
	// before anything else. It is usually the one that calls Run.
	Program string
	// ChannelLatency is how long the provider takes for a call while alerts wait in a backlog, and
	// over HTTP. In the pipeline's own figure it answers at once.
	ChannelLatency time.Duration
	// ChannelRate is how many messages a second the channel may send while a backlog waits; 0 for
	// as many as it can.
	ChannelRate float64
	// Queued is how many deliveries are queued when memory is weighed, and History how many were sent
	// before the last restart; both are rounded up to whole alerts.
	Queued, History int
	// NATS is the URL of a cluster to measure on, in an account without streams; empty for an
	// embedded server.
	NATS string
	// Replicas is how many of the cluster's servers hold each stream: 1, 3 or 5; 0 for 1. An embedded server
	// takes no more than one.
	Replicas int
	// Dir is where temporary data directories are made: its disk is measured. Empty is the system's
	// place for temporary files.
	Dir string
	// Progress is told how far the run has come; nil for nobody.
	Progress func(Progress)
	Log      zerolog.Logger
}

// A Progress is how far a run has come.
type Progress struct {
	Step, Steps int     // from 1
	Doing       string  // what the step measures
	Part        float64 // of the step, 0 to 1
}

// MaxRecipients bounds Options.Recipients.
const MaxRecipients = 2_000_000

const defaultSamples = 200

// Run measures everything, one step after the other, and leaves nothing behind. When ctx is done it
// stops where it is, cleans up and returns ctx's error.
func Run(ctx context.Context, o Options) (Report, error) {
	o.Samples = cmp.Or(o.Samples, defaultSamples)
	r := &run{Options: o, crowd: newCrowd(o.Recipients, o.Areas), figures: map[string]float64{}}
	steps := []struct {
		doing string
		do    func(context.Context) error
	}{
		{"the disk", r.measureDisk},
		{"matching and expansion", r.measureExpansion},
		{"the bare engine", r.measureEngine},
		{"the pipeline to few", r.measureFew},
		{"the whole pipeline", r.measureProduct},
		{"SMS over HTTP", r.measureHTTP},
		{"a long history", r.measureHistory},
	}
	r.steps = len(steps)
	for i, step := range steps {
		r.step, r.doing = i+1, step.doing
		r.part(0)
		if err := step.do(ctx); err != nil {
			if ctx.Err() != nil {
				return Report{}, ctx.Err()
			}
			return Report{}, fmt.Errorf("measure %s: %w", step.doing, err)
		}
		r.part(1)
		runtime.GC() // what a step has left is not the next one's
	}
	return r.report(), nil
}

// A run is one run under way.
type run struct {
	Options
	crowd   crowd
	figures map[string]float64
	// written are the manifest's records as the router wrote them, for the bare engine to write too.
	written manifest

	step, steps int
	doing       string
}

// part tells how much of the step is done.
func (r *run) part(done float64) {
	if r.Progress != nil {
		r.Progress(Progress{Step: r.step, Steps: r.steps, Doing: r.doing, Part: done})
	}
}

// rate is a number of things a second.
func rate(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }
