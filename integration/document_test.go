package integration_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

var update = flag.Bool("update", false, "write the table of misbehaviors into ARCHITECTURE.md")

const (
	document   = "../ARCHITECTURE.md"
	tableBegin = "<!-- Written from integration/misbehaviors_test.go: go test ./integration -run TestTheTableOfMisbehaviors -update -->\n"
	tableEnd   = "<!-- The end of what is written. -->\n"
)

// The table in ARCHITECTURE.md says what the tests try.
func TestTheTableOfMisbehaviors(t *testing.T) {
	raw, err := os.ReadFile(document)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(raw), tableBegin)
	require.True(t, found, "the table has no beginning")
	have, after, found := strings.Cut(rest, tableEnd)
	require.True(t, found, "the table has no end")
	want := table()
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(before+tableBegin+want+tableEnd+after), 0o644))
		return
	}
	assert.Equal(t, want, have, "the document differs from what is tested; see the line above the table")
}

// table has a line for each course and end on each channel, with all that the provider does to come there.
func table() string {
	var b strings.Builder
	b.WriteString("| the provider | so | shown | again | breaker | next contact | in the end |\n|---|---|---|---|---|---|---|\n")
	for _, c := range []struct{ channel, provider string }{{"sms", "Twilio"}, {"email", "The mail server"}, {"signal", "The Signal bridge"}} {
		var order []string
		does := map[string][]string{}
		for _, m := range misbehaviors[c.channel] {
			line := m.line()
			if does[line] == nil {
				order = append(order, line)
			}
			does[line] = append(does[line], m.described())
		}
		for _, line := range order {
			fmt.Fprintf(&b, "| **%s** %s | %s |\n", c.provider, strings.Join(does[line], "; "), line)
		}
	}
	b.WriteString(anHour)
	return b.String()
}

// anHour is the one line that no test lives through over the wire: nothing makes a process's clock go faster,
// but a hook that production would carry. The dispatcher that the process runs lives through it in virtual time.
const (
	anHour = "| **Any of them** is down for an hour and comes back (*in virtual time, by the dispatcher alone*: `" + anHourTest + "` in `channels`) | " +
		"it does not have the message, or may have it | queued, or unknown | one probe in ten seconds | counts | after `fallback_after` | " +
		"everybody told at the channel's rate; what is over by then is not sent |\n"
	anHourTest = "TestAnHourWithoutTheProvider"
)

func TestTheHourInTheTableIsTested(t *testing.T) {
	raw, err := os.ReadFile("../channels/breaker_test.go")
	require.NoError(t, err)
	assert.Contains(t, string(raw), "func "+anHourTest+"(")
}

// described is what the provider does, and the code that the operator sees where it does not stand there.
func (m misbehavior) described() string {
	if m.code == "" || strings.Contains(m.does, m.code) {
		return m.does
	}
	return m.does + " [`" + m.code + "`]"
}

// line is what follows, for the table.
func (m misbehavior) line() string {
	c := m.course
	breaker, next := "–", "after `fallback_after`"
	switch {
	case c.breaker:
		breaker = "counts"
	case c.stops():
		breaker = "channel rests"
	}
	if c.next {
		next = "at once"
	}
	return strings.Join([]string{c.says, c.shows.String(), agains[c.again].says, breaker, next, m.end()}, " | ")
}

func (m misbehavior) end() string {
	if m.stays() {
		return "queued until it is mended"
	}
	end := m.state.String()
	if m.state == alerting.Failed || m.state == alerting.Suppressed {
		return end
	}
	end += fmt.Sprintf(", %d attempt", cmp.Or(m.attempts, 1))
	if m.attempts > 1 {
		end += "s"
	}
	if m.messages > 1 {
		end += fmt.Sprintf(", up to %d messages", m.messages)
	}
	return end
}
