package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
	"revere/cmd/revere/client"
)

// An alertsWatchCommand follows one alert.
type alertsWatchCommand struct {
	ID            string `arg:"" help:"The alert's key, its own id, or the code of an open one."`
	UntilFinished bool   `help:"End when nothing is due or under way any more."`
	Each          bool   `help:"Show each message on a line of its own, however many there are."`
	JSON          bool   `help:"Print each event as a line of JSON, for programs."`
}

// Help implements kong.HelpProvider.
func (alertsWatchCommand) Help() string {
	return "What has happened since the alert was opened is shown, then what is new as it comes, a line a fact, until Ctrl-C. Of many messages the first are shown and the rest counted, a line a second; answers, gaps and corrections are all shown. A lost connection is made again and nothing is left out.\n\n" +
		example("revere alerts watch a12", "revere alerts watch a12 --until-finished --json")
}

// Run watches. Ctrl-C is how it is meant to end.
func (cmd *alertsWatchCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	var found tracking.Summary // under its key, the alert stays the one that was meant
	if err := server.Get(ctx, client.Path("alerts", cmd.ID), nil, &found); err != nil {
		return err
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	var shown atomic.Uint64
	printer := &eventPrinter{env: env, each: cmd.Each, last: map[string]printed{}}
	printing := newCounting(env.stdout, printer)
	defer printing.tell()
	go every(following, tellEvery, printing.tell)
	if cmd.UntilFinished {
		go stopWhenFinished(following, server, client.Path("alerts", string(found.Key)), &shown, stop)
	}
	err := server.Follow(following, client.Path("alerts", string(found.Key), "events"), func(e client.Event) error {
		event, err := read[api.Event](e.Data)
		if err != nil {
			return err
		}
		if cmd.JSON {
			_, err = io.WriteString(env.stdout, string(e.Data)+"\n")
		} else {
			err = printing.event(event)
		}
		if err != nil {
			return err
		}
		shown.Store(event.Sequence)
		return nil
	}, func(cause error) { env.sayf("%v; connecting again", cause) })
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// askEvery is how often a server is asked whether an alert is finished, while it is not.
const askEvery = time.Second

// stopWhenFinished calls stop when the alert is finished and its last record was shown.
func stopWhenFinished(ctx context.Context, server *client.Client, path string, shown *atomic.Uint64, stop context.CancelFunc) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		var s tracking.Summary
		// An error passes or ends the following too, which tells it.
		if server.Get(ctx, path, nil, &s) == nil && s.Finished && s.Sequence <= shown.Load() {
			stop()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// An eventPrinter writes the events of one alert as lines.
type eventPrinter struct {
	env      environment
	each     bool               // no message is only counted
	last     map[string]printed // what was printed last of a delivery, by its id
	at, text string             // of the event under way
	seen     counts             // the news of messages
	total    api.ManifestEvent  // of all parts of the manifest so far
}

// printed is what was printed of a delivery.
type printed struct {
	what    string
	attempt int
	state   alerting.State
}

// lines writes one line for each fact of an event.
func (l *eventPrinter) lines(e api.Event) string {
	l.at, l.text = e.At.In(l.env.zone).Format("15:04:05"), ""
	l.life(e)
	for _, d := range e.Activated {
		l.delivery("next", d)
	}
	for _, d := range e.Attempts {
		what := "trying"
		if d.State == alerting.Unknown { // before a restore, and nobody knows whether
			what = d.State.String()
		}
		l.delivery(what, d)
	}
	for _, d := range e.Results {
		l.delivery(d.State.String(), d)
	}
	for _, a := range e.Answers {
		l.answer(a)
	}
	for _, n := range e.Notices {
		if l.isShown(n.Channel, string(n.Kind)) {
			l.line(string(n.Kind), "%s %s", n.Channel, n.Address)
		}
	}
	for _, r := range e.Remarks {
		l.line("NOTE", "%s: %s%s", r.Kind, r.Detail, ofPeople(r.Names))
	}
	return l.text
}

func (l *eventPrinter) line(what, format string, args ...any) {
	l.text += fmt.Sprintf("%s  %-12s %s\n", l.at, plain(what), plain(fmt.Sprintf(format, args...)))
}

// life is what the alert itself went through.
func (l *eventPrinter) life(e api.Event) {
	if o := e.Opened; o != nil {
		l.line("opened", "%s %s, %s: %s, for %s", o.Code, o.Status, o.Severity, o.Title, some(o.Areas))
	}
	if m := e.Manifest; m != nil {
		l.total.People, l.total.Due, l.total.Reserve = l.total.People+m.People, l.total.Due+m.Due, l.total.Reserve+m.Reserve
		l.line("to send", "%s, %s at once, %d in reserve", count(l.total.People, "person", "people"), count(l.total.Due, "message", "messages"), l.total.Reserve)
		if len(m.Uncovered) > 0 {
			l.line("NOBODY IN", "%s", some(m.Uncovered))
		}
	}
	if w := e.Withdrawn; w != nil {
		l.line("replaced", "by %s (%s)", w.By, w.Type)
	}
	if e.Expired {
		l.line("expired", "nothing more is sent")
	}
}

// delivery tells what happened to a delivery, unless it says what the line before did, or less: a
// provider reports in smaller steps than there are states, and not in order. A delivery of nobody's is a notice, which has its
// line already; only that it failed is news.
func (l *eventPrinter) delivery(what string, d api.DeliveryEvent) {
	if d.ID != "" {
		last := l.last[d.ID]
		late := last.attempt == d.Attempt && last.state.Outranks(d.State)
		if last.what == what || late || (len(d.Names) == 0 && !d.State.Dead()) {
			return
		}
		l.last[d.ID] = printed{what, d.Attempt, d.State}
	}
	if !l.isShown(d.Channel, what) {
		return
	}
	detail := ""
	if d.PossibleDuplicate {
		detail += ", possible duplicate"
	}
	if d.Attempt > 1 {
		detail += fmt.Sprintf(", try %d", d.Attempt)
	}
	if d.Code != "" || d.Reason != "" {
		detail += ": " + strings.TrimSpace(d.Code+" "+d.Reason)
	}
	l.line(what, "%s %s%s%s", d.Channel, d.Address, ofPeople(d.Names), detail)
}

func (l *eventPrinter) answer(a api.AnswerEvent) {
	what, said := "ACK", ""
	if a.Retracted {
		what = "ACK GONE"
	}
	if a.Response != "" {
		said = fmt.Sprintf(", %s %s", a.Response, a.Label)
	}
	if a.Channel != "" {
		said += ", " + a.Channel
	}
	if a.Note != "" {
		said += ": " + a.Note
	}
	l.line(what, "%s for %s, by %s%s", listed(a.Names), some(a.Areas), a.Via, said)
}

// ofPeople names whom something is about, in brackets.
func ofPeople(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (" + listed(names) + ")"
}
