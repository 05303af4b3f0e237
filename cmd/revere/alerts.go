package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
	"revere/cmd/revere/client"
)

// alertsCommands are what is done with alerts that are published.
type alertsCommands struct {
	List   alertsListCommand   `cmd:"" help:"List alerts, the newest first."`
	Show   alertsShowCommand   `cmd:"" help:"Show what has become of an alert, and who must still be reached."`
	Watch  alertsWatchCommand  `cmd:"" help:"Follow an alert live."`
	Cancel alertsCancelCommand `cmd:"" help:"Withdraw an alert: everyone who was sent it is told."`
	Update alertsUpdateCommand `cmd:"" help:"Replace an alert: everyone who was sent it is told."`
}

// Help implements kong.HelpProvider.
func (alertsCommands) Help() string {
	return "An alert is named by its key (a12), its own id or, while it is open, its code (K7Q).\n\n" +
		example("revere alerts list", "revere alerts show a12", "revere alerts watch a12")
}

// An alertsListCommand lists alerts.
type alertsListCommand struct {
	Phase    string `placeholder:"PHASE" help:"Only those that are open, updated, canceled or expired."`
	Status   string `placeholder:"STATUS" help:"Only those that are meant so: actual, exercise, test, system, draft."`
	Severity string `placeholder:"SEVERITY" help:"Only those of this severity."`
	Area     string `placeholder:"AREA" help:"Only those that concern this area."`
	Search   string `placeholder:"TEXT" help:"Only those with this text."`
	Since    string `placeholder:"24h|TIME" help:"Only those since then: a time, or how long ago."`
	Limit    int    `default:"50" placeholder:"N" help:"How many at most (${default}; 0: all)."`
	format
}

// Help implements kong.HelpProvider.
func (alertsListCommand) Help() string {
	return example("revere alerts list --phase open", "revere alerts list --since 24h --json")
}

// Validate implements kong's check of a command.
func (cmd *alertsListCommand) Validate() error {
	var problems []string
	choose(map[string]any{}, "phase", cmd.Phase, []tracking.Phase{tracking.Open, tracking.Updated, tracking.Canceled, tracking.Expired}, &problems)
	choose(map[string]any{}, "status", cmd.Status, alerting.Statuses, &problems)
	choose(map[string]any{}, "severity", cmd.Severity, alerting.Severities, &problems)
	if _, err := ago(cmd.Since, time.Time{}); err != nil {
		problems = append(problems, err.Error())
	}
	return refused(problems)
}

// Run lists.
func (cmd *alertsListCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	since, err := ago(cmd.Since, env.now())
	if err != nil {
		return err
	}
	query := filters("since", since, "phase", cmd.Phase, "status", cmd.Status, "severity", cmd.Severity, "area", cmd.Area, "q", cmd.Search)
	raw, found, err := list[api.AlertItem](ctx, server, client.Path("alerts"), query, cmd.Limit)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return alertTable(env, found) })
}

func alertTable(env environment, alerts []api.AlertItem) string {
	if len(alerts) == 0 {
		return "no alerts\n"
	}
	t := newTable("KEY", "CODE", "PHASE", "STATUS", "SEVERITY", "OPENED", "ACK", "AREAS", "TITLE")
	for _, s := range alerts {
		a := s.Alert
		t.add(string(s.Key), s.Code, string(s.Phase), string(a.Status), string(a.Severity), s.Opened.In(env.zone).Format("01-02 15:04"),
			fmt.Sprintf("%d/%d", s.Acknowledged, s.People), joined(a.Areas), listTitle(&a))
	}
	return t.String()
}

// listTitle is an alert's title that can't be mistaken for another alert where it corrects one.
func listTitle(a *alerting.Alert) string {
	title := a.Title()
	for kind, mark := range map[alerting.MessageType]string{alerting.TypeCancel: "FALSE ALARM:", alerting.TypeUpdate: "UPDATE:"} {
		if a.Type == kind && !strings.HasPrefix(strings.ToUpper(title), mark) {
			return mark + " " + title
		}
	}
	return title
}

// ago reads a time that is given as such or as a distance into the past; empty is empty.
func ago(s string, now time.Time) (string, error) {
	if s == "" {
		return "", nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return now.Add(-d).Format(time.RFC3339), nil
	}
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		return "", usagef("--since %q is neither how long ago, such as 24h, nor an RFC 3339 time such as 2026-11-03T07:12:00-05:00", s)
	}
	return s, nil
}

// filters makes a query of names and values, without those that are empty.
func filters(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// maxPage is the most entries that the server gives at once.
const maxPage = 1000

// list reads a list's first entries, or all with limit 0: as the server wrote them, and as Ts.
func list[T any](ctx context.Context, server *client.Client, path string, query url.Values, limit int) (raw json.RawMessage, entries []T, err error) {
	page := maxPage
	if limit > 0 {
		page = min(limit, maxPage)
	}
	query.Set("limit", strconv.Itoa(page))
	written := []json.RawMessage{}
	for entry, err := range client.All[json.RawMessage](ctx, server, path, query) {
		if err != nil {
			return nil, nil, err
		}
		value, err := read[T](entry)
		if err != nil {
			return nil, nil, err
		}
		written, entries = append(written, entry), append(entries, value)
		if len(entries) == limit {
			break
		}
	}
	raw, err = json.Marshal(written)
	return raw, entries, err
}
