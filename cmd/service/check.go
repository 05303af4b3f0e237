package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"revere/channels"
	"revere/config"
)

// A Checked is one finding about a configuration, and the part of it that it is about.
type Checked struct {
	About string `json:"about"`
	channels.Finding
	// Note marks what works and should be looked at all the same.
	Note bool `json:"note,omitempty"`
}

// Check tries a configuration and every provider's credentials. It sends nothing, and needs no
// service that runs.
func Check(ctx context.Context, c *config.Config, kinds []channels.Kind) []Checked {
	findings := checkDesk(c)
	on := 0
	for _, kind := range kinds {
		section := c.Channels.Section(kind.Name)
		if section == nil || !section.On() {
			findings = append(findings, Checked{About: kind.Name, Finding: channels.Finding{OK: true, Detail: "off: nothing of it is configured"}})
			continue
		}
		on++
		channel, err := kind.Open(section, channels.Environment{PublicURL: c.HTTP.PublicURL, SenderName: c.SenderName, Log: zerolog.Nop()})
		if err != nil {
			findings = append(findings, Checked{About: kind.Name, Finding: channels.Finding{Detail: err.Error()}})
			continue
		}
		for _, f := range channel.Check(ctx) {
			findings = append(findings, Checked{About: kind.Name, Finding: f})
		}
		findings = append(findings, Checked{About: kind.Name, Finding: channels.Finding{OK: true, Detail: pace(channel)}})
	}
	if on == 0 {
		findings = append(findings, Checked{About: "channels", Finding: channels.Finding{Detail: "no channel is configured: alerts would be kept and reach nobody"}})
	}
	return findings
}

// pace says how long audiences take at the channel's rate.
func pace(channel channels.Channel) string {
	rate := channel.Limits().Rate
	return fmt.Sprintf("at rate %g a second, 100 messages of one unit take %s, 1000 take %s", rate, minutes(100/rate), minutes(1000/rate))
}

func minutes(seconds float64) string {
	if seconds < 90 {
		return fmt.Sprintf("%.0f s", seconds)
	}
	return fmt.Sprintf("%.0f min", seconds/60)
}

// checkDesk looks at what is common to all channels.
func checkDesk(c *config.Config) []Checked {
	var findings []Checked
	add := func(about string, note bool, format string, args ...any) {
		findings = append(findings, Checked{About: about, Note: note, Finding: channels.Finding{OK: true, Detail: fmt.Sprintf(format, args...)}})
	}
	if c.NATS.Embedded() {
		if err := tryDirectory(c.DataDir); err != nil {
			findings = append(findings, Checked{About: "data_dir", Finding: channels.Finding{Detail: err.Error() + "; mend that, set another data_dir, or run check as the user of `revere serve`"}})
		}
		add("nats", false, "embedded, on %s: every write is on disk before it is acknowledged", c.DataDir)
	} else {
		add("nats", true, "cluster: give each server `jetstream { sync_interval: always }`; a quorum is no protection from one power cut")
		if c.NATS.Replicas == 1 {
			add("nats", true, "replicas is 1: the loss of one server stops everything; 3 survive it")
		}
	}
	if c.SenderName == "Revere" {
		add("sender_name", true, "messages open with %q: set sender_name to a name that people know", c.SenderName)
	}
	if c.DeskPhone == "" {
		add("desk_phone", true, "not set: messages name nobody to call")
	}
	if c.HTTP.PublicURLIsLoopback() {
		add("http", true, "public_url %s is on this machine: links in mails open nowhere else", c.HTTP.PublicURL)
	}
	return findings
}

// tryDirectory says why nothing could be kept in a directory, which may be yet to be made: only whether
// there is a place for it is tried then.
func tryDirectory(dir string) error {
	info, err := os.Stat(dir)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	f, err := os.CreateTemp(dir, ".revere-check-*")
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err // without a file's name that nobody knows
		}
		return fmt.Errorf("nothing can be written into %s: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
