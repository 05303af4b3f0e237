package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"revere/alerting"
	"revere/cmd/revere/client"
	"revere/subscribers"
)

// maxImport is the most that the server takes at once.
const maxImport = 64 << 20

// A subscribersImportCommand takes in a file.
type subscribersImportCommand struct {
	File    string `arg:"" help:"A CSV or JSON file; - is standard input."`
	Format  string `placeholder:"csv|json" help:"What the file is (else what its name ends with)."`
	Replace bool   `help:"Remove the subscribers that are not in the file."`
	DryRun  bool   `help:"Only check the file, and show what it would change."`
	format
}

// Help implements kong.HelpProvider.
func (subscribersImportCommand) Help() string {
	return "Columns: id,name,organization,areas,min_severity,sms,email,signal,language and, as you like, categories, prefer, shared, teams, sms2, email2. " +
		"Several areas stand in one field with spaces between. Either the whole file is taken or nothing; each bad row is named.\n\n" +
		example("revere subscribers import subscribers.csv --dry-run", "revere subscribers import subscribers.csv --replace", "revere subscribers import - --format json < subscribers.json")
}

// Validate implements kong's check of a command.
func (cmd *subscribersImportCommand) Validate() error {
	_, err := fileKind(cmd.File, cmd.Format)
	return err
}

// Run imports.
func (cmd *subscribersImportCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	kind, err := fileKind(cmd.File, cmd.Format)
	if err != nil {
		return err
	}
	body, err := readInput(env, cmd.File, maxImport)
	if err != nil {
		return err
	}
	query := url.Values{}
	if cmd.Replace {
		query.Set("replace", "true")
	}
	if cmd.DryRun {
		query.Set("dry_run", "true")
	}
	r := client.Request{Method: http.MethodPost, Path: client.Path("subscribers", "import"), Query: query, Body: body, ContentType: kind, Import: true}
	return importFile(ctx, env, server, cmd.format, r, func(s subscribers.Summary) string {
		return fmt.Sprintf("%d added, %d changed, %d unchanged, %d removed", s.Added, s.Changed, s.Unchanged, s.Removed)
	})
}

// importFile sends a file, and says in words what the server's summary T counts.
func importFile[T any](ctx context.Context, env environment, server *client.Client, f format, r client.Request, words func(T) string) error {
	var raw json.RawMessage
	if err := server.Do(ctx, r, &raw); err != nil {
		return err
	}
	result, err := read[struct {
		DryRun   bool               `json:"dry_run"`
		Summary  T                  `json:"summary"`
		Warnings []alerting.Problem `json:"warnings"`
	}](raw)
	if err != nil {
		return err
	}
	warn(env, result.Warnings)
	return f.print(env, raw, func() string {
		if result.DryRun {
			return words(result.Summary) + "; nothing was changed, this was a dry run\n"
		}
		return words(result.Summary) + "\n"
	})
}

// fileKind is a file's media type, from what was said of it or its name.
func fileKind(name, given string) (string, error) {
	switch kind := strings.ToLower(given); {
	case kind == "csv", kind == "" && strings.EqualFold(filepath.Ext(name), ".csv"):
		return "text/csv", nil
	case kind == "json", kind == "" && strings.EqualFold(filepath.Ext(name), ".json"):
		return "application/json", nil
	case kind != "":
		return "", usagef("--format %q is neither csv nor json", given)
	}
	if kind := strings.ToLower(filepath.Ext(name)); kind == ".xlsx" || kind == ".xls" || kind == ".ods" {
		return "", usagef("%s is a workbook: save it as \"CSV UTF-8 (comma delimited)\", and give that file", name)
	}
	return "", usagef("whether %s is CSV or JSON does not show in its name; say it with --format", inputName(name))
}
