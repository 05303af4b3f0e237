package main

import (
	"context"
	"encoding/json"
	"slices"

	"revere/alerting"
	"revere/cmd/revere/client"
	"revere/subscribers"
)

// A subscribersAddCommand adds one subscriber.
type subscribersAddCommand struct {
	ID           string   `required:"" placeholder:"ID" help:"A short name of your own, for ever: boston-clerk."`
	Name         string   `required:"" placeholder:"TEXT" help:"Who it is."`
	Areas        []string `name:"areas" required:"" placeholder:"AREA" help:"Areas whose alerts it gets."`
	Organization string   `placeholder:"TEXT" help:"For whom."`
	SMS          []string `name:"sms" placeholder:"NUMBER" help:"Phone number for text messages. May be repeated."`
	Email        []string `placeholder:"ADDRESS" help:"Mail address. May be repeated."`
	Signal       []string `placeholder:"NUMBER" help:"Signal number or username. May be repeated."`
	Prefer       []string `enum:"sms,email,signal" placeholder:"CHANNEL" help:"Order in which channels are tried (else sms, email, signal)."`
	MinSeverity  string   `placeholder:"SEVERITY" help:"Only alerts as grave as this or graver."`
	Categories   []string `placeholder:"CATEGORY" help:"Only these kinds of event."`
	Language     string   `placeholder:"TAG" help:"Language, such as en-US (else the alert's own)."`
	Shared       bool     `help:"A desk reads these contacts, not one person."`
	Replace      bool     `help:"Replace the subscriber that has the id."`
	format
}

// Help implements kong.HelpProvider.
func (subscribersAddCommand) Help() string {
	return example(`revere subscribers add --id boston-clerk --name "Boston Clerk" --areas ma.boston --sms +16175550123 --email clerk@boston.example`)
}

// Run adds.
func (cmd *subscribersAddCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	path := client.Path("subscribers", cmd.ID)
	if !cmd.Replace {
		if err := mustBeNew(ctx, server, path, "subscriber", cmd.ID); err != nil {
			return err
		}
	}
	body, err := json.Marshal(cmd.subscriber())
	if err != nil {
		return err
	}
	return put(ctx, env, server, cmd.format, path, body, "subscriber "+cmd.ID+" is kept")
}

// subscriber is what the flags say.
func (cmd *subscribersAddCommand) subscriber() subscribers.Subscriber {
	s := subscribers.Subscriber{
		ID: cmd.ID, Name: cmd.Name, Organization: cmd.Organization, MinSeverity: alerting.Severity(cmd.MinSeverity),
		Categories: cmd.Categories, Language: cmd.Language, Shared: cmd.Shared, Areas: []alerting.Area{}, Contacts: []subscribers.Contact{},
	}
	for _, a := range cmd.Areas {
		s.Areas = append(s.Areas, alerting.Area(a))
	}
	given := map[string][]string{"sms": cmd.SMS, "email": cmd.Email, "signal": cmd.Signal}
	for _, name := range append(slices.Clip(cmd.Prefer), "sms", "email", "signal") {
		for _, address := range given[name] {
			s.Contacts = append(s.Contacts, subscribers.Contact{Channel: name, Address: address})
		}
		delete(given, name) // each channel once
	}
	return s
}
