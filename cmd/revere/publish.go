package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"revere/alerting"
	"revere/cmd/revere/client"
)

// defaultSender is who publishes where nobody says: sender is part of an alert's identity and no
// text that people read.
const defaultSender = "desk@revere.local"

// A publishCommand publishes one alert.
type publishCommand struct {
	Area     string `arg:"" optional:"" help:"Area that it concerns, such as ma.boston, ma.county-suffolk or ma."`
	Headline string `arg:"" optional:"" help:"What people read first."`

	File   string   `short:"f" placeholder:"FILE" help:"Read the alert's JSON from a file, or from standard input (-), in place of all other parts."`
	Status string   `placeholder:"STATUS" help:"How it is meant: actual, exercise, test, system or draft. It has no default, so that no slip makes an exercise actual."`
	Also   []string `name:"area" placeholder:"AREA" help:"A further area. May be repeated."`
	Sender string   `placeholder:"NAME" help:"Authority that publishes (else $$REVERE_SENDER, else desk@revere.local)."`
	ID     string   `placeholder:"ID" help:"Your own id for the alert (else a new one)."`
	alertFields
	caution
	format
}

// Help implements kong.HelpProvider.
func (publishCommand) Help() string {
	return "An actual alert is shown first, with the people that it reaches, and is sent when ACTUAL is typed; scripts pass --yes.\n\n" +
		"Severity and status must be given. Of the rest, event is the headline unless it is given, urgency immediate, certainty likely.\n\n" + example(
		`revere publish ma.boston "Phishing" --severity severe --status exercise`,
		`revere publish ma.boston "Phishing" --severity severe --status actual --expires 6h --response 1="On it"`,
		`revere publish --file alert.json --dry-run`,
	)
}

// Validate implements kong's check of a command.
func (cmd *publishCommand) Validate() error {
	if cmd.File != "" {
		return cmd.onlyFile()
	}
	_, problems := cmd.fields(time.Time{})
	missing := func(value, name, what string) {
		if value == "" {
			problems = append(problems, name+" is missing: "+what)
		}
	}
	missing(cmd.Area, "AREA", "whom does it concern, such as ma.boston")
	missing(cmd.Headline, "HEADLINE", "what shall people read")
	missing(cmd.Severity, "--severity", "extreme, severe, moderate, minor or unknown")
	missing(cmd.Status, "--status", "is it actual, or an exercise")
	choose(map[string]any{}, "status", cmd.Status, alerting.Statuses, &problems)
	return refused(problems)
}

// onlyFile refuses parts of an alert beside a file, which would be left out silently.
func (cmd *publishCommand) onlyFile() error {
	parts, _ := cmd.fields(time.Time{})
	if cmd.Area+cmd.Headline+cmd.Status+cmd.Sender+cmd.ID != "" || len(cmd.Also) > 0 || len(parts) > 0 {
		return usagef("the alert of --file is published as it is: leave out the area, the headline and all other parts")
	}
	return nil
}

// Run publishes.
func (cmd *publishCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	body, err := cmd.body(env)
	if err != nil {
		return err
	}
	l := launch{path: client.Path("alerts"), body: body, status: statusOf(body), word: "ACTUAL", caution: cmd.caution, format: cmd.format}
	if cmd.File == "-" {
		env.attended = false // standard input is spent
	}
	return l.run(ctx, env, server)
}

// body writes the alert, or reads it.
func (cmd *publishCommand) body(env environment) ([]byte, error) {
	if cmd.File != "" {
		return readInput(env, cmd.File, alerting.MaxAlertBytes)
	}
	fields := map[string]any{
		"id":        cmp.Or(cmd.ID, rand.Text()),
		"sender":    cmp.Or(cmd.Sender, env.variable(senderVariable), defaultSender),
		"status":    cmd.Status,
		"event":     cmd.Headline,
		"headline":  cmd.Headline,
		"urgency":   "immediate",
		"certainty": "likely",
		"areas":     append([]string{cmd.Area}, cmd.Also...),
	}
	given, problems := cmd.fields(env.now())
	if err := refused(problems); err != nil {
		return nil, err
	}
	maps.Copy(fields, given)
	return json.Marshal(fields)
}

// send makes the one call that publishes. It is repeated until the answer is known, and the alert
// is published once all the same.
func send(ctx context.Context, server *client.Client, path string, body []byte) (json.RawMessage, error) {
	var raw json.RawMessage
	err := server.Do(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body, Key: rand.Text()}, &raw)
	return raw, err
}
