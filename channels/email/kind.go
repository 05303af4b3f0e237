// Package email is the channel that sends alerts by mail through one SMTP server, and hears of
// mail that did not arrive.
//
// What the server says when it takes a mail is worth State Accepted and no more. Only a report
// that comes back to the envelope sender (RFC 3464) says what became of it: with bounce_address
// set, each attempt has an envelope sender of its own (VERP), and with listen set Revere takes
// the reports itself.
package email

import (
	"fmt"

	"revere/channels"
)

// Name is the channel's name everywhere.
const Name = "email"

// Kind is the channel as Revere can be configured with it.
var Kind = channels.Kind{
	Name:         Name,
	Defaults:     func() channels.Config { config := defaults; return &config },
	ParseAddress: ParseAddress,
	Open: func(config channels.Config, env channels.Environment) (channels.Channel, error) {
		typed, ok := config.(*Config)
		if !ok {
			return nil, fmt.Errorf("the email channel can't be opened with a %T; give it the *email.Config that Defaults returns", config)
		}
		return Open(*typed, env)
	},
}
