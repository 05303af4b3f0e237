package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/rs/zerolog"
	"golang.org/x/term"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"revere/cmd/bench"
)

// runBench measures, shows how far it is, and prints the figures.
func runBench(ctx context.Context, env environment, to connection, cmd benchCommand) error {
	tuneMemory(ctx)
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program, to start it as a stand-in for Twilio: %w", err)
	}
	screen := newProgressLine(env.stderr)
	report, err := bench.Repeat(ctx, bench.Options{
		Recipients: cmd.Recipients, Alerts: cmd.Alerts, Areas: cmd.Areas, Samples: cmd.Samples, Queued: cmd.Queued, History: cmd.History,
		ChannelLatency: cmd.ChannelLatency, ChannelRate: cmd.ChannelRate, NATS: cmd.NATS, Replicas: cmd.Replicas, Dir: to.DataDir, Program: program,
		Progress: screen.show, Log: zerolog.New(env.stderr).Level(zerolog.ErrorLevel),
	}, cmd.Repeat)
	screen.end()
	if err != nil {
		return err
	}
	if cmd.JSON {
		return printJSON(env.stdout, report)
	}
	_, err = io.WriteString(env.stdout, benchText(report))
	return err
}

// benchText is the table of what was measured.
func benchText(r bench.Report) string {
	english := message.NewPrinter(language.English)
	var b strings.Builder
	some := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return english.Sprintf("%d %ss", n, what)
	}
	engine := r.Engine
	if r.Replicas > 1 {
		engine += fmt.Sprintf(" with %d replicas", r.Replicas)
	}
	fmt.Fprintf(&b, "%s, %s, %s, engine %s; %s in %s, %s, %s, runs: %d; backlog and HTTP at %s a call, backlog at %s calls a second\n\n",
		r.Go, r.System, some(r.CPUs, "CPU"), engine, some(r.Recipients, "recipient"), some(r.Areas, "area"), some(r.Alerts, "alert"), some(r.Samples, "sample"),
		r.Runs, r.ChannelLatency, english.Sprint(number.Decimal(r.ChannelRate)))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tVALUE\tUNIT\tRATIO\tTARGET")
	for _, f := range r.Figures {
		ratio := ""
		if f.Against != "" {
			ratio = fmt.Sprintf("%.2f", f.Ratio)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.About, english.Sprint(number.Decimal(f.Value, number.MaxFractionDigits(digits(f.Value)))), f.Unit, ratio, f.Target)
	}
	_ = t.Flush() // a strings.Builder takes everything
	return b.String()
}

// digits is how many digits after the point are worth showing.
func digits(value float64) int {
	if value <= 0 {
		return 0
	}
	return max(2-int(math.Floor(math.Log10(value))), 0)
}

// A progressLine shows how far a run is: on a terminal as a bar in one line, elsewhere as one line a
// step.
type progressLine struct {
	out  io.Writer
	live bool
	last string
}

func newProgressLine(out io.Writer) *progressLine {
	f, ok := out.(*os.File)
	return &progressLine{out: out, live: ok && term.IsTerminal(int(f.Fd()))}
}

// barWidth is the bar's, in characters.
const barWidth = 20

func (l *progressLine) show(p bench.Progress) {
	line := fmt.Sprintf("%d/%d measuring %s", p.Step, p.Steps, p.Doing)
	if l.live {
		full := min(max(int(p.Part*barWidth), 0), barWidth)
		line = "\r\x1b[K[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "] " + line
	} else {
		line += "\n"
	}
	if line != l.last {
		l.last = line
		_, _ = io.WriteString(l.out, line) // a bar that can't be shown is no loss
	}
}

// end leaves the line to what comes next.
func (l *progressLine) end() {
	if l.live {
		_, _ = io.WriteString(l.out, "\r\x1b[K")
	}
}
