package main

import (
	"context"
	"encoding/json"
	"fmt"

	"revere/cmd/revere/client"
	"revere/subscribers"
)

// teamsCommands keep teams.
type teamsCommands struct {
	List   teamsListCommand   `cmd:"" help:"List teams."`
	Show   teamsShowCommand   `cmd:"" help:"Show one team."`
	Add    teamsAddCommand    `cmd:"" help:"Add a team, or replace one."`
	Remove teamsRemoveCommand `cmd:"" help:"Remove a team; its members stay subscribers."`
}

// Help implements kong.HelpProvider.
func (teamsCommands) Help() string {
	return example("revere teams list", "revere teams show boston-emc")
}

// A teamsListCommand lists teams.
type teamsListCommand struct {
	format
}

// Help implements kong.HelpProvider.
func (teamsListCommand) Help() string { return example("revere teams list") }

// Run lists.
func (cmd *teamsListCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	raw, teams, err := list[subscribers.Team](ctx, server, client.Path("teams"), filters(), 0)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string {
		if len(teams) == 0 {
			return "no teams\n"
		}
		t := newTable("ID", "NAME", "KIND", "MEMBERS")
		for _, team := range teams {
			t.add(team.ID, team.Name, string(team.Kind), some(team.Members))
		}
		return t.String()
	})
}

// A teamsShowCommand shows one team.
type teamsShowCommand struct {
	ID string `arg:"" help:"The team's id."`
	format
}

// Help implements kong.HelpProvider.
func (teamsShowCommand) Help() string { return example("revere teams show boston-emc") }

// Run shows.
func (cmd *teamsShowCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	var raw json.RawMessage
	if err := server.Get(ctx, client.Path("teams", cmd.ID), nil, &raw); err != nil {
		return err
	}
	team, err := read[subscribers.Team](raw)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string {
		text := fmt.Sprintf("id       %s\nname     %s\nkind     %s\n", plain(team.ID), plain(team.Name), team.Kind)
		for i, member := range team.Members {
			text += fmt.Sprintf("member   %d. %s\n", i+1, plain(member))
		}
		return text
	})
}

// A teamsAddCommand adds a team.
type teamsAddCommand struct {
	ID      string   `required:"" placeholder:"ID" help:"A short name of your own, for ever: boston-emc."`
	Name    string   `required:"" placeholder:"TEXT" help:"What it is called."`
	Kind    string   `default:"other" enum:"emc,responders,other" placeholder:"KIND" help:"What it is for: emc (emergency-management center), responders or other (${default})."`
	Members []string `placeholder:"ID" help:"Ids of its subscribers, in order of rank. A new team may have none yet."`
	Replace bool     `help:"Replace the team that has the id."`
	format
}

// Help implements kong.HelpProvider.
func (teamsAddCommand) Help() string {
	return example(`revere teams add --id boston-emc --name "Boston EMC" --kind emc`,
		`revere teams add --id boston-emc --name "Boston EMC" --kind emc --members boston-duty,boston-chief --replace`)
}

// Validate implements kong's check of a command.
func (cmd *teamsAddCommand) Validate() error {
	if cmd.Replace && len(cmd.Members) == 0 {
		return usagef("--members is missing: with --replace the team would lose those that it has")
	}
	return nil
}

// Run adds.
func (cmd *teamsAddCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	path := client.Path("teams", cmd.ID)
	if !cmd.Replace {
		if err := mustBeNew(ctx, server, path, "team", cmd.ID); err != nil {
			return err
		}
	}
	members := append([]string{}, cmd.Members...) // without any, [] and not null
	body, err := json.Marshal(subscribers.Team{ID: cmd.ID, Name: cmd.Name, Kind: subscribers.TeamKind(cmd.Kind), Members: members})
	if err != nil {
		return err
	}
	return put(ctx, env, server, cmd.format, path, body, "team "+cmd.ID+" is kept")
}

// A teamsRemoveCommand removes a team.
type teamsRemoveCommand struct {
	ID string `arg:"" help:"The team's id."`
	format
}

// Help implements kong.HelpProvider.
func (teamsRemoveCommand) Help() string { return example("revere teams remove boston-emc") }

// Run removes.
func (cmd *teamsRemoveCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	return remove(ctx, env, server, cmd.format, client.Path("teams", cmd.ID), "team "+cmd.ID+" is removed")
}
