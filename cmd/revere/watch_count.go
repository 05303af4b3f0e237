package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"revere/alerting/api"
)

const (
	// shownOfKind is how much news of one kind on one channel is shown a line each. What is more would
	// drown the answers.
	shownOfKind = 25
	// tellEvery is how often the numbers of the rest are told, while they change.
	tellEvery = time.Second
)

// counts says how much news of each kind there was, by channel and kind.
type counts map[string]map[string]int

// isShown counts a piece of news about a message, and reports whether it gets a line of its own.
func (l *eventPrinter) isShown(channel, what string) bool {
	if l.seen == nil {
		l.seen = counts{}
	}
	if l.seen[channel] == nil {
		l.seen[channel] = map[string]int{}
	}
	l.seen[channel][what]++
	return l.each || l.seen[channel][what] <= shownOfKind
}

// totals are the numbers of what is no longer shown one by one; empty where all is.
func (l *eventPrinter) totals() string {
	var parts []string
	for _, channel := range slices.Sorted(maps.Keys(l.seen)) {
		for _, what := range slices.Sorted(maps.Keys(l.seen[channel])) {
			if n := l.seen[channel][what]; n > shownOfKind && !l.each {
				parts = append(parts, fmt.Sprintf("%s %s %d", channel, what, n))
			}
		}
	}
	return strings.Join(parts, ", ")
}

// A counting prints events as they come, and now and then the numbers of those that are only counted.
type counting struct {
	out io.Writer

	mu      sync.Mutex
	printer *eventPrinter
	told    string
}

func newCounting(out io.Writer, printer *eventPrinter) *counting {
	return &counting{out: out, printer: printer}
}

func (c *counting) event(e api.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := io.WriteString(c.out, c.printer.lines(e))
	return err
}

// tell prints the numbers where they have changed. That nobody reads any more is found out by the next event.
func (c *counting) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	totals := c.printer.totals()
	if totals == c.told {
		return
	}
	c.told = totals
	c.printer.text = ""
	c.printer.line("so far", "%s", totals)
	_, _ = io.WriteString(c.out, c.printer.text)
}
