package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"revere/cmd/revere/client"
	"revere/subscribers"
)

// subscribersCommands keep the people who receive.
type subscribersCommands struct {
	Import subscribersImportCommand `cmd:"" help:"Take in a file of subscribers: all of it or nothing."`
	Export subscribersExportCommand `cmd:"" help:"Write all subscribers as a file that import takes."`
	List   subscribersListCommand   `cmd:"" help:"List subscribers."`
	Show   subscribersShowCommand   `cmd:"" help:"Show one subscriber."`
	Add    subscribersAddCommand    `cmd:"" help:"Add a subscriber, or replace one."`
	Remove subscribersRemoveCommand `cmd:"" help:"Remove a subscriber."`
}

// Help implements kong.HelpProvider.
func (subscribersCommands) Help() string {
	return example("revere subscribers import subscribers.csv --dry-run", "revere subscribers list --area ma.boston")
}

// A subscribersListCommand lists subscribers.
type subscribersListCommand struct {
	Area   string `placeholder:"AREA" help:"Only those whom an alert for this area concerns."`
	Search string `placeholder:"TEXT" help:"Only those with this text in their id, name, organization or an address."`
	Limit  int    `default:"0" placeholder:"N" help:"How many at most (0: all)."`
	format
}

// Help implements kong.HelpProvider.
func (subscribersListCommand) Help() string {
	return example("revere subscribers list --area ma.boston", "revere subscribers list --search clerk --json")
}

// Run lists.
func (cmd *subscribersListCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	query := filters("area", cmd.Area, "q", cmd.Search)
	raw, found, err := list[subscribers.Subscriber](ctx, server, client.Path("subscribers"), query, cmd.Limit)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string {
		if len(found) == 0 {
			return "no subscribers\n"
		}
		t := newTable("ID", "NAME", "ORGANIZATION", "AREAS", "FROM", "CONTACTS")
		for _, s := range found {
			t.add(s.ID, s.Name, s.Organization, some(s.Areas), string(s.MinSeverity), contactList(s.Contacts))
		}
		return t.String()
	})
}

func contactList(contacts []subscribers.Contact) string {
	var parts []string
	for _, c := range contacts {
		parts = append(parts, c.Channel+" "+c.Address)
	}
	return strings.Join(parts, ", ")
}

// A subscribersShowCommand shows one subscriber.
type subscribersShowCommand struct {
	ID string `arg:"" help:"The subscriber's id."`
	format
}

// Help implements kong.HelpProvider.
func (subscribersShowCommand) Help() string { return example("revere subscribers show boston-clerk") }

// Run shows.
func (cmd *subscribersShowCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	var raw json.RawMessage
	if err := server.Get(ctx, client.Path("subscribers", cmd.ID), nil, &raw); err != nil {
		return err
	}
	s, err := read[subscribers.Subscriber](raw)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return subscriberText(s) })
}

func subscriberText(s subscribers.Subscriber) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-13s %s\n", name, plain(value))
		}
	}
	line("id", s.ID)
	line("name", s.Name)
	line("organization", s.Organization)
	line("areas", joined(s.Areas))
	line("min severity", string(s.MinSeverity))
	line("categories", strings.Join(s.Categories, " "))
	line("language", s.Language)
	if s.Shared {
		line("shared", "yes, a desk reads these contacts")
	}
	for _, c := range s.Contacts {
		floor := ""
		if c.MinSeverity != "" {
			floor = " from " + string(c.MinSeverity) + " up"
		}
		line(c.Channel, c.Address+floor)
	}
	return b.String()
}

// A subscribersRemoveCommand removes one subscriber.
type subscribersRemoveCommand struct {
	ID string `arg:"" help:"The subscriber's id."`
	format
}

// Help implements kong.HelpProvider.
func (subscribersRemoveCommand) Help() string {
	return example("revere subscribers remove boston-clerk")
}

// Run removes.
func (cmd *subscribersRemoveCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	return remove(ctx, env, server, cmd.format, client.Path("subscribers", cmd.ID), "subscriber "+cmd.ID+" is removed")
}
