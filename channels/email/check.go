package email

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"revere/channels"
)

// Check connects, encrypts, signs in and leaves again. What follows is what it can't try out.
func (c *Channel) Check(ctx context.Context) []channels.Finding {
	findings := c.tryServer(ctx)
	findings = append(findings, c.aboutBounces()...)
	_, domain := splitAddress(c.from.Address)
	return append(findings, channels.Finding{OK: true, Detail: fmt.Sprintf(
		"Mail from %s arrives better when that domain has SPF and DMARC records and the mail server signs with DKIM; ask its administrator.", domain)})
}

func (c *Channel) tryServer(ctx context.Context) []channels.Finding {
	conn, fault := c.open(ctx)
	if fault != nil {
		reason := fault.outcome(c.config.address()).Reason
		return []channels.Finding{{Detail: "No mail can be sent: " + reason + "."}}
	}
	defer conn.leave()
	findings := []channels.Finding{{OK: true, Detail: fmt.Sprintf("The mail server %s answers, %s.", c.config.address(), conn.protection())}}
	if c.config.TLS == NoTLS && !isLoopback(c.config.Host) {
		findings = append(findings, channels.Finding{OK: true, Detail: "Mail, with its acknowledgement links, goes to " +
			c.config.Host + " in plain text; set tls to starttls or implicit unless the network between is yours."})
	}
	if c.config.Username == "" {
		return append(findings, channels.Finding{OK: true, Detail: "No username is configured: the server has to take mail from this machine without one."})
	}
	return append(findings, channels.Finding{OK: true, Detail: fmt.Sprintf("Signed in as %s.", c.config.Username)})
}

func (n *connection) protection() string {
	state, encrypted := n.client.TLSConnectionState()
	if !encrypted {
		return "without encryption"
	}
	return fmt.Sprintf("with %s and a certificate that ends on %s", tls.VersionName(state.Version), state.PeerCertificates[0].NotAfter.UTC().Format("2006-01-02"))
}

func (c *Channel) aboutBounces() []channels.Finding {
	switch {
	case !c.bounces.enabled():
		return []channels.Finding{{OK: true, Detail: "No bounce_address is configured: mail that bounces is shown as accepted, and nobody hears that it did not arrive."}}
	case c.config.Listen == "":
		return []channels.Finding{{OK: true, Detail: fmt.Sprintf(
			"Bounces go to %s+…@%s, and Revere does not see them: set listen, and have mail for that address relayed there.", c.bounces.local, c.bounces.domain)}}
	}
	findings := []channels.Finding{{OK: true, Detail: fmt.Sprintf(
		"Bounces are taken at %s: have mail for %s+…@%s relayed there.", c.config.Listen, c.bounces.local, c.bounces.domain)}}
	if host, _, err := net.SplitHostPort(c.config.Listen); err == nil && !isLoopback(host) {
		findings = append(findings, channels.Finding{OK: true, Detail: fmt.Sprintf(
			"Let only your mail relay reach %s: a report is believed, whoever brings it.", c.config.Listen)})
	}
	return findings
}
