package email

import (
	"context"
	"crypto/tls"
	"net/mail"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/channels"
)

// A Channel sends mail through one SMTP server. It is safe for concurrent use.
type Channel struct {
	config  Config
	from    *mail.Address
	helo    string
	bounces verp
	tls     *tls.Config
	pool    pool[*connection]
	log     zerolog.Logger
}

// Open makes the channel from a configuration that Validate found nothing wrong with. It opens no
// connection; the first Send does.
func Open(config Config, env channels.Environment) (*Channel, error) {
	c := &Channel{config: config, log: env.Log}
	var err error
	if c.from, err = parseFrom(config.From, env.SenderName); err != nil {
		return nil, err
	}
	_, c.helo = splitAddress(c.from.Address)
	if config.BounceAddress != "" {
		if c.bounces, err = parseVERP(config.BounceAddress); err != nil {
			return nil, err
		}
	}
	c.tls = &tls.Config{ServerName: config.Host, MinVersion: tls.VersionTLS12}
	if config.CAFile != "" {
		if c.tls.RootCAs, err = config.roots(); err != nil {
			return nil, err
		}
	}
	c.pool.limit = config.Concurrency
	return c, nil
}

// Name is "email".
func (c *Channel) Name() string { return Name }

// Format is alerting.Mail.
func (c *Channel) Format() alerting.Format { return alerting.Mail }

// Limits are as configured. SMTP can't be asked what became of a mail, so that an unknown one is
// sent again soon, unless a report may come and tell.
func (c *Channel) Limits() channels.Limits {
	limits := channels.Limits{Rate: c.config.Rate, Concurrency: c.config.Concurrency, ReconcileAfter: c.config.ReconcileAfter}
	switch {
	case limits.ReconcileAfter > 0:
	case c.config.Listen != "":
		limits.ReconcileAfter = time.Minute
	default:
		limits.ReconcileAfter = 10 * time.Second
	}
	return limits
}

// Cost is 1: a mail is a mail.
func (c *Channel) Cost(alerting.Message) int { return 1 }

// Send makes one attempt to hand the message to the server. A connection that waited since the last
// mail may have died meanwhile; it shows at the first command, when nothing was sent, and the
// attempt goes on over a new one.
func (c *Channel) Send(ctx context.Context, m alerting.Message) alerting.Outcome {
	return c.SendWhile(ctx, m, func() bool { return true })
}

// SendWhile implements channels.Careful: a mail is the server's with its final dot.
func (c *Channel) SendWhile(ctx context.Context, m alerting.Message, may func() bool) alerting.Outcome {
	if ctx.Err() != nil {
		return c.outcome(letter{}, "", failed(ctx, connecting, errStopped))
	}
	l, err := c.compose(m, time.Now())
	if err != nil {
		return alerting.Outcome{State: alerting.Failed, Code: "invalid", Reason: err.Error()}
	}
	if conn, found := c.pool.take(); found {
		reply, fault := c.attempt(ctx, conn, l, may)
		if fault == nil || !fault.stale() || ctx.Err() != nil {
			return c.outcome(l, reply, fault)
		}
	}
	conn, fault := c.open(ctx)
	if fault != nil {
		return c.outcome(l, "", fault)
	}
	reply, fault := c.attempt(ctx, conn, l, may)
	return c.outcome(l, reply, fault)
}

// stale reports whether the failure may be only the connection's, which had waited too long or
// carried too many mails. Its mail was not even begun.
func (f *failure) stale() bool {
	return f.at == sender && (f.answer() == lost || f.answer() == temporary)
}

// attempt uses a connection once, and keeps it for the next mail where it is still good: after a
// mail that was accepted, and after one that was refused by a plain reply.
func (c *Channel) attempt(ctx context.Context, conn *connection, l letter, may func() bool) (string, *failure) {
	reply, fault := conn.transmit(ctx, l, may)
	switch {
	case fault == nil:
		c.pool.put(conn)
	case fault.at == sender, fault.answer() == lost, fault.closing():
		conn.drop()
	case conn.reset() != nil:
		conn.drop()
	default:
		c.pool.put(conn)
	}
	return reply, fault
}

// outcome claims no more than the server said: that it took the mail.
func (c *Channel) outcome(l letter, reply string, fault *failure) alerting.Outcome {
	if fault != nil {
		return fault.outcome(c.config.address())
	}
	return alerting.Outcome{State: alerting.Accepted, ProviderID: l.id, Reason: clip(reply)}
}

// Close parts from the connections that wait for work. Sends under way end as they would have.
func (c *Channel) Close() error {
	c.pool.close()
	return nil
}
