package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"revere/cmd/revere/client"
	"revere/subscribers/areas"
	"revere/subscribers/directoryapi"
)

// areasCommands keep and find areas.
type areasCommands struct {
	Import areasImportCommand `cmd:"" help:"Take in a table of municipalities: all of it or nothing."`
	List   areasListCommand   `cmd:"" help:"List the areas of a state, or the states."`
	Find   areasFindCommand   `cmd:"" help:"Find areas by name, key, GEOID or FIPS code."`
}

// Help implements kong.HelpProvider.
func (areasCommands) Help() string {
	return example("revere areas find boston", "revere areas list ma")
}

// An areasImportCommand takes in municipalities.
type areasImportCommand struct {
	File   string `arg:"" help:"A CSV file; - is standard input."`
	DryRun bool   `help:"Only check the file."`
	format
}

// Help implements kong.HelpProvider.
func (areasImportCommand) Help() string {
	return "Columns: slug,name,kind,counties,geoid. The municipalities of each state in the file are replaced by the file's.\n\n" +
		example("revere areas import municipalities.csv")
}

// Run imports.
func (cmd *areasImportCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	body, err := readInput(env, cmd.File, maxImport)
	if err != nil {
		return err
	}
	query := filters()
	if cmd.DryRun {
		query.Set("dry_run", "true")
	}
	r := client.Request{Method: http.MethodPost, Path: client.Path("areas", "import"), Query: query, Body: body, ContentType: "text/csv", Import: true}
	return importFile(ctx, env, server, cmd.format, r, func(s directoryapi.AreasSummary) string {
		return fmt.Sprintf("%s in %s", count(s.Municipalities, "municipality", "municipalities"), count(len(s.States), "state", "states"))
	})
}

// An areasListCommand lists areas.
type areasListCommand struct {
	State string `arg:"" optional:"" help:"A state's lower-case USPS code, such as ma; none lists the states."`
	format
}

// Help implements kong.HelpProvider.
func (areasListCommand) Help() string { return example("revere areas list", "revere areas list ma") }

// Run lists.
func (cmd *areasListCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	raw, found, err := list[areas.Entry](ctx, server, client.Path("areas"), filters("state", cmd.State), 0)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return areaEntries(found, "no areas are known there\n") })
}

// An areasFindCommand finds areas.
type areasFindCommand struct {
	Query []string `arg:"" help:"What it is called, or its key or code: boston, ma.bos, 2507000."`
	Limit int      `default:"20" placeholder:"N" help:"How many at most (${default})."`
	format
}

// Help implements kong.HelpProvider.
func (areasFindCommand) Help() string {
	return example("revere areas find boston", "revere areas find 25025")
}

// Run finds.
func (cmd *areasFindCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	query := strings.Join(cmd.Query, " ")
	raw, found, err := list[areas.Entry](ctx, server, client.Path("areas"), filters("q", query), cmd.Limit)
	if err != nil {
		return err
	}
	none := fmt.Sprintf("nothing is called %q: the beginning of a name is enough; municipalities are found once their state's were imported (`revere areas import`)\n", query)
	return cmd.print(env, raw, func() string { return areaEntries(found, none) })
}

func areaEntries(found []areas.Entry, none string) string {
	if len(found) == 0 {
		return none
	}
	t := newTable("AREA", "NAME", "KIND", "COUNTIES", "CODES")
	for _, e := range found {
		t.add(string(e.Area), e.Name, e.Kind, joined(e.Counties), strings.Join(e.Codes, " "))
	}
	return t.String()
}
