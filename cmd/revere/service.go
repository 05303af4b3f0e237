package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"revere/cmd/bench"
)

// A serveCommand is the service itself.
type serveCommand struct {
	Roles []string `default:"api,router,worker,tracker" enum:"api,router,worker,tracker" placeholder:"ROLE" help:"Parts to run in this process: ${enum}. Several processes share one cluster that way."`
}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return example("revere serve --config revere.yaml", "revere serve --config revere.yaml --roles worker,tracker")
}

// Run serves until ctx is done, and stops in good order.
func (cmd *serveCommand) Run(ctx context.Context, env environment, to connection) error {
	return runServe(ctx, env, to, *cmd)
}

// A checkCommand tries the configuration.
type checkCommand struct {
	format
}

// Help implements kong.HelpProvider.
func (checkCommand) Help() string { return example("revere check --config revere.yaml") }

// Run checks everything that can be checked without sending.
func (cmd *checkCommand) Run(ctx context.Context, env environment, to connection) error {
	return runCheck(ctx, env, to, *cmd)
}

// A demoCommand is an exercise on stand-ins for the providers.
type demoCommand struct {
	Once       bool    `help:"End when the story is complete, with status 0."`
	Listen     string  `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address of the HTTP API (${default}; port 0: any)."`
	NATSListen string  `name:"nats-listen" default:"127.0.0.1:4222" placeholder:"HOST:PORT" help:"Address of the embedded NATS server (${default}; port 0: any)."`
	Speed      float64 `default:"1" placeholder:"N" help:"How many times faster than life the people in it answer (${default})."`
}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string { return example("revere demo", "revere demo --once --speed 10") }

// Validate implements kong's check of a command.
func (cmd *demoCommand) Validate() error {
	if !(cmd.Speed > 0 && cmd.Speed <= 1000) {
		return usagef("--speed %v is not between 0 and 1000", cmd.Speed)
	}
	return unlistenable("--listen", cmd.Listen, "--nats-listen", cmd.NATSListen)
}

// unlistenable tells of all pairs of a flag and its address that can't be read: in place of an address
// that it can't have the demo takes any port, on all of this machine's networks where no host is named.
func unlistenable(pairs ...string) error {
	var wrong []string
	for pair := range slices.Chunk(pairs, 2) {
		_, port, err := net.SplitHostPort(pair[1])
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s %q is not an address, such as 127.0.0.1:8080", pair[0], pair[1]))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return usageError(strings.Join(wrong, "; "))
}

// Run tells the story, and then serves until ctx is done.
func (cmd *demoCommand) Run(ctx context.Context, env environment, to connection) error {
	return runDemo(ctx, env, to, *cmd)
}

// A benchCommand measures.
type benchCommand struct {
	Recipients     int           `default:"100000" placeholder:"N" help:"Recipients of each alert (${default})."`
	Alerts         int           `default:"5" placeholder:"N" help:"Alerts that rates are medians of (${default})."`
	Areas          int           `default:"351" placeholder:"N" help:"Municipalities that the recipients are in (${default}, as in Massachusetts)."`
	Samples        int           `default:"200" placeholder:"N" help:"Alerts that each latency is taken from (${default})."`
	ChannelLatency time.Duration `default:"5ms" placeholder:"TIME" help:"How long the provider takes for one call while a backlog waits, and over HTTP (${default}); in the pipeline's own figure it answers at once."`
	ChannelRate    float64       `default:"3000" placeholder:"N" help:"Messages a second while a backlog waits (${default}; 0: as many as can be)."`
	Queued         int           `default:"1000000" placeholder:"N" help:"Deliveries that wait when memory is weighed (${default})."`
	History        int           `default:"1000000" placeholder:"N" help:"Deliveries that were sent before the last restart (${default})."`
	Repeat         int           `default:"1" placeholder:"N" help:"Runs that each figure and ratio is the median of (${default})."`
	NATS           string        `name:"nats" placeholder:"URL" help:"Cluster to measure on, in an account without streams (else an embedded server)."`
	Replicas       int           `default:"1" enum:"1,3,5" placeholder:"N" help:"Servers of the cluster that hold each stream (${default}); measure with as many as serve."`
	format
}

// Help implements kong.HelpProvider.
func (benchCommand) Help() string {
	return "Every figure of Revere stands beside the engine's own on this machine, as a ratio, and the target where there is one. " +
		"SMS over HTTP goes to a stand-in for Twilio that this program starts as a second process, in turns with a loop of bare twilio-go calls over as many connections, " +
		"to a quarter of the recipients and 50,000 at most. " +
		"Data lies in the system's place for temporary files while it runs, or in --data-dir: measure on the disk that serves.\n\n" +
		example("revere bench", "revere bench --recipients 10000 --alerts 3 --json", "revere bench --repeat 5", "revere bench --data-dir /var/lib/revere")
}

// Validate implements kong's check of a command.
func (cmd *benchCommand) Validate() error {
	switch {
	case cmd.Recipients < 1 || cmd.Alerts < 1 || cmd.Areas < 1 || cmd.Samples < 1 || cmd.Queued < 1 || cmd.History < 1 || cmd.Repeat < 1:
		return usagef("--recipients, --alerts, --areas, --samples, --queued, --history and --repeat must be 1 or more")
	case cmd.Recipients > bench.MaxRecipients:
		return usagef("--recipients %d is more than %d", cmd.Recipients, bench.MaxRecipients)
	case cmd.ChannelLatency < 0:
		return usagef("--channel-latency %s is negative", cmd.ChannelLatency)
	case cmd.Replicas > 1 && cmd.NATS == "":
		return usagef("--replicas %d needs a cluster: give --nats, too", cmd.Replicas)
	case !(cmd.ChannelRate >= 0 && cmd.ChannelRate <= 1e9):
		return usagef("--channel-rate %v is not between 0 and 1000000000", cmd.ChannelRate)
	}
	return nil
}

// Run measures and prints what was measured.
func (cmd *benchCommand) Run(ctx context.Context, env environment, to connection) error {
	return runBench(ctx, env, to, *cmd)
}
