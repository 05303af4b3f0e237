package email

import (
	"crypto/x509"
	"fmt"
	"math"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"time"
)

// The values of Config.TLS.
const (
	StartTLS    = "starttls" // encrypt by STARTTLS or send nothing
	ImplicitTLS = "implicit" // encrypt from the first byte (RFC 8314), usually on port 465
	NoTLS       = "none"     // plain text
)

// Config is the `channels.email` section of the configuration.
type Config struct {
	// Host and Port are the SMTP server that takes our mail.
	Host string `koanf:"host"`
	Port int    `koanf:"port"`
	// Username and Password sign in; both are empty where the server knows us by our address.
	Username string `koanf:"username"`
	Password string `koanf:"password" secret:"true"`
	// TLS is "starttls", "implicit" or "none".
	TLS string `koanf:"tls"`
	// From is whom people see: "Alerts <alerts@example.gov>".
	From string `koanf:"from"`
	// Rate is in mails a second, Concurrency in connections.
	Rate        float64 `koanf:"rate"`
	Concurrency int     `koanf:"concurrency"`
	// Timeout bounds each phase of a Send: making the connection ready, and handing the mail over.
	// For the server's verdict on a whole mail four times as long is allowed.
	Timeout time.Duration `koanf:"timeout"`
	// ReconcileAfter is how long a report is waited for after a mail of which nobody can say whether
	// the server took it, from 1 s to 10 min; then it is sent again. 0 is 10 s, and 1 min with Listen.
	ReconcileAfter time.Duration `koanf:"reconcile_after"`
	// CAFile names a PEM file of certificate authorities to trust beside the system's.
	CAFile string `koanf:"ca_file"`
	// BounceAddress, bounces@example.gov, makes the envelope sender of each attempt
	// bounces+<ref>@example.gov, to which mail systems report what became of it.
	BounceAddress string `koanf:"bounce_address"`
	// Listen is where Revere takes those reports by SMTP, host:port. Empty: nowhere. Mail systems
	// are then asked to report success too. Whoever can reach it is believed: let only your own mail
	// relay.
	Listen string `koanf:"listen"`
}

var defaults = Config{Port: 587, TLS: StartTLS, Rate: 50, Concurrency: 4, Timeout: 30 * time.Second}

// Bounds of the configuration.
const (
	maxConcurrency = 100
	minTimeout     = 100 * time.Millisecond
	maxTimeout     = 5 * time.Minute
	minReconcile   = time.Second
	maxReconcile   = 10 * time.Minute
	// maxBounceLocal leaves room in a local part of 64 characters for "+" and a ref, whose delivery
	// takes 26, its attempt up to 3, and its alert up to 15 with two dashes.
	maxBounceLocal = 16
)

// On reports whether anything is set.
func (c *Config) On() bool { return *c != defaults }

// Validate reports everything that is wrong.
func (c *Config) Validate(add func(key, detail string)) {
	c.validateServer(add)
	c.validateAccount(add)
	if _, err := parseFrom(c.From, ""); err != nil {
		add("from", err.Error())
	}
	if !(c.Rate > 0) || math.IsInf(c.Rate, 0) {
		add("rate", fmt.Sprintf("%v is not a number of mails a second above 0", c.Rate))
	}
	if c.Concurrency < 1 || c.Concurrency > maxConcurrency {
		add("concurrency", fmt.Sprintf("%d is not a number of connections from 1 to %d", c.Concurrency, maxConcurrency))
	}
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		add("timeout", fmt.Sprintf("%s is not between %s and %s", c.Timeout, minTimeout, maxTimeout))
	}
	if c.ReconcileAfter != 0 && (c.ReconcileAfter < minReconcile || c.ReconcileAfter > maxReconcile) {
		add("reconcile_after", fmt.Sprintf("%s is not between %s and %s", c.ReconcileAfter, minReconcile, maxReconcile))
	}
	c.validateBounces(add)
}

func (c *Config) validateServer(add func(key, detail string)) {
	switch {
	case c.Host == "":
		add("host", "is missing; give the name of the SMTP server, such as smtp.example.gov")
	case strings.ContainsAny(c.Host, "/ \r\n") || (strings.Contains(c.Host, ":") && net.ParseIP(c.Host) == nil):
		add("host", fmt.Sprintf("%q is not a host name; write the name alone, and the port in port", c.Host))
	}
	if c.Port < 1 || c.Port > 65535 {
		add("port", fmt.Sprintf("%d is not a port; 587 is usual with starttls, 465 with implicit", c.Port))
	}
	if c.CAFile != "" {
		if _, err := c.roots(); err != nil {
			add("ca_file", err.Error())
		}
	}
}

func (c *Config) validateAccount(add func(key, detail string)) {
	switch c.TLS {
	case StartTLS, ImplicitTLS:
	case NoTLS:
		if c.Username != "" && !isLoopback(c.Host) {
			add("tls", fmt.Sprintf("none would send the password to %s in plain text; use starttls or implicit, or leave username and password out", c.Host))
		}
	default:
		add("tls", fmt.Sprintf("%q is not one of starttls, implicit, none", c.TLS))
	}
	if c.Username == "" && c.Password != "" {
		add("username", "is missing beside a password; give both or neither")
	}
	if c.Username != "" && c.Password == "" {
		add("password", "is missing beside a username; give both or neither")
	}
}

func (c *Config) validateBounces(add func(key, detail string)) {
	if c.BounceAddress != "" {
		if _, err := parseVERP(c.BounceAddress); err != nil {
			add("bounce_address", err.Error())
		}
	}
	if c.Listen == "" {
		return
	}
	if c.BounceAddress == "" {
		add("bounce_address", "is missing beside listen; give the address that bounces come to, such as bounces@example.gov")
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || !validPort(port) {
		add("listen", fmt.Sprintf("%q is not host:port such as 127.0.0.1:2525", c.Listen))
	}
}

func validPort(s string) bool {
	port, err := strconv.Atoi(s)
	return err == nil && port >= 0 && port <= 65535
}

func (c *Config) roots() (*x509.CertPool, error) {
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("the certificates to trust can't be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", c.CAFile)
	}
	return pool, nil
}

func (c *Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// parseFrom reads the From address; one without a name for people takes the given one.
func parseFrom(s, name string) (*mail.Address, error) {
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not an address such as \"Alerts <alerts@example.gov>\"", s)
	}
	if parsed.Address, err = ParseAddress(parsed.Address); err != nil {
		return nil, err
	}
	if strings.Contains(parsed.Address, `"`) {
		return nil, fmt.Errorf("%q needs quotes before the @; use an address that doesn't", s)
	}
	if parsed.Name == "" {
		parsed.Name = name
	}
	parsed.Name = oneLine(parsed.Name)
	return parsed, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
