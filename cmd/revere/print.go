package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A format is how a result is printed.
type format struct {
	JSON bool `help:"Print the result as JSON, for programs."`
}

// print writes a result to stdout: the JSON that the server gave, or what text makes of it.
func (f format) print(env environment, raw json.RawMessage, text func() string) error {
	if !f.JSON {
		_, err := io.WriteString(env.stdout, text())
		return err
	}
	return printJSON(env.stdout, raw)
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// read decodes a result that print prints as it came.
func read[T any](raw json.RawMessage) (value T, err error) {
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, fmt.Errorf("the server does not answer as a Revere of this version does: %w", err)
	}
	return value, nil
}

// plain makes one line of a text that came from outside: a reply's note must neither break a table
// nor speak to the terminal.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s))
}

// plainLines is plain that keeps line ends.
func plainLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		lines[i] = indent + plain(line)
	}
	return strings.Join(lines, "\n")
}

// joined writes a list of keys and names with spaces between.
func joined[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return strings.Join(texts, " ")
}

// listed writes a few names with commas between; of many, the first ones.
func listed(names []string) string {
	const shown = 3
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// clock shows a moment, to the second, in the person's own zone; nothing for none.
func (e environment) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(e.zone).Format("2006-01-02 15:04:05 MST")
}

// span shows how long something took: "8 s", "2 min 5 s", "3 h 7 min".
func span(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

// count writes a number with the word for it: "1 person", "2 people".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// example is the part of a command's help that shows how it is typed.
func example(lines ...string) string {
	title := "Example:"
	if len(lines) > 1 {
		title = "Examples:"
	}
	return title + "\n\n  " + strings.Join(lines, "\n  ")
}
