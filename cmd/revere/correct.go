package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/cmd/revere/client"
)

// An alertsCancelCommand withdraws an alert.
type alertsCancelCommand struct {
	ID          string `arg:"" help:"The alert's key, its own id, or the code of an open one."`
	Description string `placeholder:"TEXT" help:"Why; mail and Signal carry it."`
	Instruction string `placeholder:"TEXT" help:"What to do now."`
	caution
	format
}

// Help implements kong.HelpProvider.
func (alertsCancelCommand) Help() string {
	return "What is unsent stays so, and everyone who may have got the alert is told. An actual alert is withdrawn when CANCEL is typed; scripts pass --yes.\n\n" +
		example(`revere alerts cancel a12 --description "The mail was a test of our own."`)
}

// Run withdraws.
func (cmd *alertsCancelCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	changes := map[string]any{}
	for name, value := range map[string]string{"description": cmd.Description, "instruction": cmd.Instruction} {
		if value != "" {
			changes[name] = value
		}
	}
	return correct(ctx, env, server, cmd.ID, "cancel", "CANCEL", changes, cmd.caution, cmd.format)
}

// An alertsUpdateCommand replaces an alert.
type alertsUpdateCommand struct {
	ID       string   `arg:"" help:"The alert's key, its own id, or the code of an open one."`
	Headline string   `placeholder:"TEXT" help:"What people read first."`
	Areas    []string `name:"area" placeholder:"AREA" help:"The areas that it concerns from now on. May be repeated."`
	alertFields
	caution
	format
}

// Help implements kong.HelpProvider.
func (alertsUpdateCommand) Help() string {
	return "What is not given stays as it was. Everyone who may have got the alert is sent the new one. An actual alert is updated when ACTUAL is typed; scripts pass --yes.\n\n" +
		example(`revere alerts update a12 --severity extreme --instruction "Unplug the registry server."`)
}

// changes are what is different from now on.
func (cmd *alertsUpdateCommand) changes(now time.Time) (changes map[string]any, problems []string) {
	changes, problems = cmd.fields(now)
	if cmd.Headline != "" {
		changes["headline"] = cmd.Headline
	}
	if len(cmd.Areas) > 0 {
		changes["areas"] = cmd.Areas
	}
	if len(changes) == 0 {
		problems = append(problems, "say what is different now: --headline, --severity, --instruction, …")
	}
	return changes, problems
}

// Validate implements kong's check of a command.
func (cmd *alertsUpdateCommand) Validate() error {
	_, problems := cmd.changes(time.Time{})
	return refused(problems)
}

// Run updates.
func (cmd *alertsUpdateCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	changes, problems := cmd.changes(env.now())
	if err := refused(problems); err != nil {
		return err
	}
	return correct(ctx, env, server, cmd.ID, "update", "ACTUAL", changes, cmd.caution, cmd.format)
}

// correct publishes a correction of the alert that a name means. The alert is looked up first: its
// status decides whether to ask, and a person must see which one is meant. One that was updated stands
// for its newest update: that is what is in force.
func correct(ctx context.Context, env environment, server *client.Client, name, kind, word string, changes map[string]any, c caution, f format) error {
	var named tracking.Summary
	if err := server.Get(ctx, client.Path("alerts", name), url.Values{}, &named); err != nil {
		return err
	}
	original, err := newest(ctx, server, named)
	if err != nil {
		return err
	}
	which := original.Code
	if original.Key != named.Key {
		which += fmt.Sprintf(" (%s, the update of %s)", original.Key, named.Key)
	}
	a := original.Alert
	env.sayf("%s %s: %s, %s: %s", kind, which, strings.ToUpper(string(a.Status)), strings.ToUpper(string(a.Severity)), a.Title())
	if a.Status == alerting.StatusActual && !c.Yes && !c.DryRun {
		env.sayf("reached by it: %s; answered: %d", count(original.Reached, "person", "people"), original.Acknowledged)
	}
	body, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	l := launch{path: client.Path("alerts", string(original.Key), kind), body: body, status: a.Status, word: word, caution: c, format: f}
	return l.run(ctx, env, server)
}

// newest follows an alert to the last of the updates that replaced it.
func newest(ctx context.Context, server *client.Client, s tracking.Summary) (tracking.Summary, error) {
	for s.Phase == tracking.Updated && s.ReplacedBy != "" {
		var next tracking.Summary
		if err := server.Get(ctx, client.Path("alerts", string(s.ReplacedBy)), url.Values{}, &next); err != nil {
			return tracking.Summary{}, err
		}
		s = next
	}
	return s, nil
}
