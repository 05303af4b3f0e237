// Package config is the one configuration of a Revere process: loaded from YAML and the
// environment, checked as a whole, and shown without its secrets. What a channel can be told is
// known to the channel's own room only; this package is handed each room's section and fills it.
package config

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"revere/alerting"
	"revere/channels"
)

// A Config is everything that an operator decides. Load makes one; its zero value is not valid.
type Config struct {
	// DataDir holds the embedded engine's files and the first admin token. Needed when the engine
	// is embedded.
	DataDir string `koanf:"data_dir"`
	NATS    NATS   `koanf:"nats"`
	HTTP    HTTP   `koanf:"http"`
	// SenderName opens every message unless the alert names its own: one line, 60 characters at most.
	SenderName string `koanf:"sender_name"`
	// DeskPhone is a person to call, in E.164; empty where there is none.
	DeskPhone string    `koanf:"desk_phone"`
	Channels  Channels  `koanf:"channels"`
	Admission Admission `koanf:"admission"`
	Log       Log       `koanf:"log"`
}

// NATS tells where the engine is.
type NATS struct {
	// URL is the cluster's, with several servers separated by commas. Empty: the engine is embedded.
	URL string `koanf:"url"`
	// Credentials is the path of a NATS .creds file for URL; empty where the cluster wants none.
	Credentials string `koanf:"credentials"`
	// Replicas is how many servers hold each stream: 1, 3 or 5.
	Replicas int `koanf:"replicas"`
	// Listen is where the embedded server takes clients.
	Listen string `koanf:"listen"`
}

// Embedded reports whether the engine runs inside this process.
func (n NATS) Embedded() bool { return n.URL == "" }

// ListenIsLoopback reports whether only this machine can reach the embedded server.
func (n NATS) ListenIsLoopback() bool { return listensOnLoopback(n.Listen) }

// HTTP tells where the API, the acknowledgement pages and the webhooks are.
type HTTP struct {
	// Listen is the address that the server takes. With port 0 the system picks one.
	Listen string `koanf:"listen"`
	// PublicURL is where providers and browsers reach the server: http or https, without a
	// trailing slash. Where it is not given it is http:// and Listen, as seen from this machine.
	PublicURL string `koanf:"public_url"`
}

// ListenIsLoopback reports whether only this machine can reach the server.
func (h HTTP) ListenIsLoopback() bool { return listensOnLoopback(h.Listen) }

// PublicURLIsLoopback reports whether PublicURL is of use on this machine only: then no provider's
// receipt or reply can arrive, and no link in a mail works elsewhere.
func (h HTTP) PublicURLIsLoopback() bool {
	u, err := url.Parse(h.PublicURL)
	return err == nil && isLoopback(u.Hostname())
}

// Channels are the ways out, and how long one is given before the next is tried.
type Channels struct {
	FallbackAfter FallbackAfter `koanf:"fallback_after"`
	sections      []ChannelSection
}

// Section returns the configuration of the named channel as Load filled it, or nil where there is
// no such channel.
func (c Channels) Section(name string) channels.Config {
	for _, s := range c.sections {
		if s.Name == name {
			return s.Config
		}
	}
	return nil
}

// FallbackAfter is how long an undelivered contact is waited for, by the alert's severity, before
// the subscriber's next contact gets the message too.
type FallbackAfter struct {
	Severe   time.Duration `koanf:"severe"`
	Moderate time.Duration `koanf:"moderate"`
	Minor    time.Duration `koanf:"minor"`
}

// For returns the wait for an alert of the given severity. It is 0 for an extreme one, which goes
// to all contacts at once.
func (f FallbackAfter) For(s alerting.Severity) time.Duration {
	return [...]time.Duration{0, f.Severe, f.Moderate, f.Minor}[s.Rank()]
}

// Admission bounds what is taken on before what was taken on before has gone out.
type Admission struct {
	// Waiting is how many published messages may wait to be judged before HTTP refuses more. Ten
	// times as many may before it refuses extreme alerts and corrections.
	Waiting int `koanf:"waiting"`
	// QueuedDeliveries is how many deliveries may be due and unsent before alerts that are not extreme
	// wait, durable and unexpanded.
	QueuedDeliveries int `koanf:"queued_deliveries"`
	// OpenAlerts is how many alerts people may be able to answer before others that are not extreme
	// wait. Each has a short code of its own, of which there are alerting.MaxOpenCodes.
	OpenAlerts int `koanf:"open_alerts"`
	// OpenText is how many MiB of memory may be taken by what those alerts say, and by what those say that
	// are over and not filed yet, before others that are not extreme wait. Ten times as much may be before
	// extreme alerts and updates are refused.
	OpenText int `koanf:"open_text"`
	// DiskReserve is how many MiB must stay free on DataDir's disk: below it no alert and no import is
	// taken, so that what was accepted can be finished. It is more while much is unsent.
	DiskReserve int `koanf:"disk_reserve"`
}

// Log tells how the process speaks of itself on standard error.
type Log struct {
	// Level is the least that is written: trace, debug, info, warn or error.
	Level string `koanf:"level"`
	// Format is json, or console for a person's eyes.
	Format string `koanf:"format"`
}

// A ChannelSection is the `channels.<Name>` part of the configuration. Config holds the defaults,
// and Load fills it in place.
type ChannelSection struct {
	Name   string
	Config channels.Config
}

// Sections returns a section with its defaults for every kind of channel.
func Sections(kinds []channels.Kind) []ChannelSection {
	sections := make([]ChannelSection, len(kinds))
	for i, kind := range kinds {
		sections[i] = ChannelSection{Name: kind.Name, Config: kind.Defaults()}
	}
	return sections
}

func defaults(sections []ChannelSection) *Config {
	return &Config{
		DataDir:    "./data",
		NATS:       NATS{Replicas: 1, Listen: "127.0.0.1:4222"},
		HTTP:       HTTP{Listen: "127.0.0.1:8080"},
		SenderName: "Revere",
		Channels: Channels{
			FallbackAfter: FallbackAfter{Severe: time.Minute, Moderate: 5 * time.Minute, Minor: 30 * time.Minute},
			sections:      sections,
		},
		Admission: Admission{Waiting: 2000, QueuedDeliveries: 2_000_000, OpenAlerts: 10_000, OpenText: 64, DiskReserve: 256},
		Log:       Log{Level: "info", Format: "json"},
	}
}

// publicURL is what HTTP.PublicURL is where nobody gave one. An address that listens everywhere is
// reached from this machine by its loopback.
func publicURL(listen string) string {
	if listenProblem(listen) != "" {
		return ""
	}
	host, port, _ := net.SplitHostPort(listen)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func listensOnLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopback(host)
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
