package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"revere/alerting"
)

// maxSenderName bounds SenderName, in characters: it is a good part of a text of 160.
const maxSenderName = 60

var (
	logLevels  = []string{"trace", "debug", "info", "warn", "error"}
	logFormats = []string{"json", "console"}
	replicas   = []int{1, 3, 5} // the numbers that have a majority and that JetStream takes

	// ITU-T E.164: a plus and at most fifteen digits.
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	hostname = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
)

// validate reports every problem of values that have the right type.
func (c *Config) validate(add func(key, detail string)) {
	c.validateEngine(add)
	c.validateHTTP(add)
	c.validateDesk(add)
	c.Channels.validate(add)
	c.Admission.validate(add)
	oneOf(add, "log.level", c.Log.Level, logLevels)
	oneOf(add, "log.format", c.Log.Format, logFormats)
}

func (c *Config) validateEngine(add func(key, detail string)) {
	if !slices.Contains(replicas, c.NATS.Replicas) {
		add("nats.replicas", fmt.Sprintf("%d is not 1, 3 or 5", c.NATS.Replicas))
	}
	if c.NATS.Embedded() {
		c.validateEmbedded(add)
		return
	}
	for server := range strings.SplitSeq(c.NATS.URL, ",") {
		if !isNATSURL(strings.TrimSpace(server)) {
			add("nats.url", shown(hideUser(c.NATS.URL))+` is not the address of a NATS server such as "nats://10.0.0.1:4222", or several with commas between`)
			break
		}
	}
	if c.NATS.Credentials == "" {
		return
	}
	if info, err := os.Stat(c.NATS.Credentials); err != nil {
		add("nats.credentials", fileError(c.NATS.Credentials, err).Error())
	} else if info.IsDir() {
		add("nats.credentials", fmt.Sprintf("%q is a directory; name the .creds file in it", c.NATS.Credentials))
	}
}

func (c *Config) validateEmbedded(add func(key, detail string)) {
	if c.DataDir == "" {
		add("data_dir", "missing; the embedded engine keeps everything there (or set nats.url to use a cluster)")
	}
	if c.NATS.Replicas == 3 || c.NATS.Replicas == 5 {
		add("nats.replicas", fmt.Sprintf("%d replicas need a cluster: set nats.url, or 1 replica for the embedded engine", c.NATS.Replicas))
	}
	if c.NATS.Credentials != "" {
		add("nats.credentials", "credentials are for a cluster, and nats.url is empty; set nats.url or leave them out")
	}
	if detail := listenProblem(c.NATS.Listen); detail != "" {
		add("nats.listen", detail)
	}
}

func isNATSURL(server string) bool {
	u, err := url.Parse(server)
	return err == nil && u.Hostname() != "" && slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme)
}

func (c *Config) validateHTTP(add func(key, detail string)) {
	if detail := listenProblem(c.HTTP.Listen); detail != "" {
		add("http.listen", detail)
	}
	// It is empty only where it could not be made from http.listen, which is told above.
	if detail := publicURLProblem(c.HTTP.PublicURL); c.HTTP.PublicURL != "" && detail != "" {
		add("http.public_url", shown(hideUser(c.HTTP.PublicURL))+detail)
	}
}

// publicURLProblem says what is wrong with a URL to which webhooks' and links' paths are appended,
// and over which a provider's signature is checked, so that each byte of it counts.
func publicURLProblem(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return ` is not a web address such as "https://alerts.example.gov"`
	case u.User != nil:
		return " has a user name in it; take that out, it would be in every link"
	case strings.ContainsAny(s, "?#"):
		return ` has a query or a fragment; paths are appended to it, so take the "?" or "#" out`
	case strings.HasSuffix(s, "/"):
		return " ends in a slash; take that off"
	case u.Path != "" && (u.EscapedPath() != u.Path || path.Clean(u.Path) != u.Path):
		return " has a path that changes on its way; use plain letters, digits and single slashes"
	}
	return ""
}

func listenProblem(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return shown(address) + ` is not an address to listen on, such as "127.0.0.1:8080" or ":8080"`
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Sprintf("port %s is not a number from 0 to 65535", shown(port))
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil && !hostname.MatchString(host) {
		return shown(host) + " is neither an IP address nor a host name"
	}
	return ""
}

func (c *Config) validateDesk(add func(key, detail string)) {
	switch name := c.SenderName; {
	case strings.TrimSpace(name) == "":
		add("sender_name", `missing; it opens every message, so that people know who writes: "MA State SOC"`)
	case strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name):
		add("sender_name", "must be one line of plain text")
	case utf8.RuneCountInString(name) > maxSenderName:
		add("sender_name", fmt.Sprintf("has %d characters, more than %d; it opens every message", utf8.RuneCountInString(name), maxSenderName))
	}
	if c.DeskPhone != "" && !e164.MatchString(c.DeskPhone) {
		add("desk_phone", shown(c.DeskPhone)+` is not a number in E.164: a plus, the country and the number in digits alone, such as "+16175550100"`)
	}
}

func (c Channels) validate(add func(key, detail string)) {
	const fallback = "channels.fallback_after."
	for _, wait := range []struct {
		key string
		time.Duration
	}{{"severe", c.FallbackAfter.Severe}, {"moderate", c.FallbackAfter.Moderate}, {"minor", c.FallbackAfter.Minor}} {
		if wait.Duration <= 0 {
			add(fallback+wait.key, fmt.Sprintf("%s is no time to wait; give a duration above zero, such as \"60s\"", wait.Duration))
		}
	}
	for _, s := range c.sections {
		if s.Config.On() {
			s.Config.Validate(func(key, detail string) { add(join("channels."+s.Name, key), detail) })
		}
	}
}

// spareCodes are kept for extreme alerts, which no bound holds back.
const spareCodes = 2000

func (a Admission) validate(add func(key, detail string)) {
	for _, bound := range []struct {
		key              string
		value, low, high int
		why              string
	}{
		{"waiting", a.Waiting, 1, 10_000, "ten times as many are read ahead at most"},
		{"queued_deliveries", a.QueuedDeliveries, 1, 100_000_000, "each takes memory until it is sent"},
		{"open_alerts", a.OpenAlerts, 1, alerting.MaxOpenCodes - spareCodes, "each has a short code of its own, and the rest are for extreme alerts"},
		{"open_text", a.OpenText, 1, 1 << 16, "it is in MiB of memory"},
		{"disk_reserve", a.DiskReserve, 0, 1 << 20, "it is in MiB; 0 keeps only what accepted work needs"},
	} {
		if bound.value < bound.low || bound.value > bound.high {
			add("admission."+bound.key, fmt.Sprintf("%d is not from %d to %d: %s", bound.value, bound.low, bound.high, bound.why))
		}
	}
}

func oneOf(add func(key, detail string), key, value string, known []string) {
	if !slices.Contains(known, value) {
		add(key, fmt.Sprintf("%s is not one of %s", shown(value), strings.Join(known, ", ")))
	}
}

// hideUser masks what stands before the last @ of an address, where a password may be, even in one
// that is too malformed to be taken apart.
func hideUser(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return address
	}
	scheme, _, found := strings.Cut(address[:i], "://")
	if !found {
		return mask + address[i:]
	}
	return scheme + "://" + mask + address[i:]
}
