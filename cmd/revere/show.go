package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/cmd/revere/client"
)

// An alertsShowCommand shows one alert, or one of its lists.
type alertsShowCommand struct {
	ID         string `arg:"" help:"The alert's key, its own id, or the code of an open one."`
	Unanswered bool   `xor:"what" help:"The call sheet: who has not answered, how to reach them, what happened there."`
	People     bool   `xor:"what" help:"Everyone whom it concerns, with their answers."`
	Deliveries bool   `xor:"what" help:"Every message, with its state and the reason for it."`
	CSV        bool   `name:"csv" help:"Print the list as CSV."`
	format
}

// Help implements kong.HelpProvider.
func (alertsShowCommand) Help() string {
	return example("revere alerts show a12", "revere alerts show a12 --unanswered", "revere alerts show a12 --unanswered --csv > call-sheet.csv")
}

// Validate implements kong's check of a command.
func (cmd *alertsShowCommand) Validate() error {
	switch {
	case cmd.CSV && !cmd.Unanswered && !cmd.People && !cmd.Deliveries:
		return usagef("--csv prints a list: give --unanswered, --people or --deliveries with it")
	case cmd.CSV && cmd.JSON:
		return usagef("--csv and --json are two ways to print the same; give one")
	}
	return nil
}

// Run shows.
func (cmd *alertsShowCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	query := url.Values{}
	if cmd.Unanswered {
		query.Set("unanswered", "true")
	}
	people, deliveries := client.Path("alerts", cmd.ID, "people"), client.Path("alerts", cmd.ID, "deliveries")
	switch {
	case cmd.CSV && cmd.Deliveries:
		return copyTo(ctx, server, env.stdout, client.Request{Path: deliveries, Accept: "text/csv"})
	case cmd.CSV:
		return copyTo(ctx, server, env.stdout, client.Request{Path: people, Query: query, Accept: "text/csv"})
	case cmd.Deliveries:
		raw, entries, err := list[deliveryRow](ctx, server, deliveries, query, 0)
		if err != nil {
			return err
		}
		return cmd.print(env, raw, func() string { return deliveryTable(entries) })
	case cmd.People || cmd.Unanswered:
		raw, entries, err := list[tracking.PersonView](ctx, server, people, query, 0)
		if err != nil {
			return err
		}
		return cmd.print(env, raw, func() string { return peopleText(entries, cmd.Unanswered) })
	}
	var raw json.RawMessage
	if err := server.Get(ctx, client.Path("alerts", cmd.ID), nil, &raw); err != nil {
		return err
	}
	summary, err := read[tracking.Summary](raw)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return summaryText(env, summary) })
}

// copyTo writes an answer's bytes as they come.
func copyTo(ctx context.Context, server *client.Client, w io.Writer, r client.Request) error {
	answer, err := server.Open(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fmt.Errorf("what was printed is not complete: %w", err)
	}
	return nil
}

// A deliveryRow is a delivery as the server lists it: its id is text there.
type deliveryRow struct {
	ID string `json:"id"`
	tracking.DeliveryView
}

func deliveryTable(deliveries []deliveryRow) string {
	if len(deliveries) == 0 {
		return "no messages\n"
	}
	t := newTable("CHANNEL", "ADDRESS", "STATE", "TRIES", "FOR", "REASON")
	for _, d := range deliveries {
		channel := d.Channel
		if d.Notice != "" {
			channel += " (" + string(d.Notice) + ")"
		}
		t.add(channel, d.Address, d.State.String(), fmt.Sprint(d.Attempts), listed(d.Names), reasonOf(d.History))
	}
	return t.String()
}

// reasonOf says why a delivery is as it is: the newest reason, and whether it may have come twice.
func reasonOf(history []tracking.Entry) string {
	reason, twice := "", ""
	for _, e := range history {
		if e.Reason != "" || e.Code != "" {
			reason = strings.TrimSpace(e.Code + " " + e.Reason)
		}
		if e.PossibleDuplicate {
			twice = "possible duplicate; "
		}
	}
	return strings.TrimSuffix(twice+reason, "; ")
}

// peopleText is the call sheet: a block for each person, to be read over the phone.
func peopleText(people []tracking.PersonView, unanswered bool) string {
	if len(people) == 0 && unanswered {
		return "everyone has answered\n"
	}
	var b strings.Builder
	for _, p := range people {
		name := plain(p.Name)
		if p.Organization != "" {
			name += ", " + plain(p.Organization)
		}
		fmt.Fprintf(&b, "%s (%s) for %s%s\n", name, p.Subscriber, joined(p.Areas), standing(p))
		for _, c := range p.Contacts {
			state := c.State.String()
			if c.Reserve {
				state = "not used"
			}
			if c.Reason != "" {
				state += ": " + plain(c.Reason)
			}
			fmt.Fprintf(&b, "  %-7s %-32s %s\n", c.Channel, plain(c.Address), state)
		}
	}
	return b.String()
}

// standing says in a few words where a person stands.
func standing(p tracking.PersonView) string {
	switch {
	case p.Answer != nil:
		return ": " + answerText(p.Answer)
	case p.Gap:
		return ": CAN'T BE REACHED"
	case p.Delivered:
		return ": delivered, no answer"
	case p.Reached:
		return ": sent, no answer"
	}
	return ": nothing has gone out"
}

// answerText is an answer in a few words: "On it, by reply (sms), after 2 min 5 s".
func answerText(a *tracking.AnswerView) string {
	text := "ack"
	if a.Response != "" {
		text = a.Response + " " + plain(a.Label)
	}
	text += ", by " + string(a.Via)
	if a.Channel != "" {
		text += " (" + a.Channel + ")"
	}
	if a.By != "" {
		text += ", entered by " + plain(a.By)
	}
	text += ", after " + span(a.After)
	if a.Note != "" {
		text += ": " + plain(a.Note)
	}
	return text
}

// ended says how an alert ended, where it has.
func ended(s tracking.Summary) string {
	switch s.Phase {
	case tracking.Open:
		return ""
	case tracking.Expired:
		return "expired"
	}
	return fmt.Sprintf("%s by %s", s.Phase, alerting.Key(s.ReplacedBy))
}
