package channels

import (
	"github.com/rs/zerolog"
)

// A Kind is a channel as Revere can be configured with it: what a channel's room exports, and what
// the list in cmd/revere names once.
type Kind struct {
	// Name is the channel's name everywhere: "sms".
	Name string
	// Defaults returns a pointer to the channel's configuration as it is before anything is set.
	Defaults func() Config
	// ParseAddress brings an address into the one form that the directory keeps, or says in a
	// sentence what is wrong with it.
	ParseAddress func(string) (string, error)
	// Open makes the channel from a configuration that Validate found nothing wrong with.
	// It opens no connection.
	Open func(Config, Environment) (Channel, error)
}

// A Config is the `channels.<name>` section of the configuration: a pointer to a struct whose
// fields carry `koanf:"key"` tags, and `secret:"true"` where the value must never be shown.
type Config interface {
	// On reports whether the channel is configured at all; one that is not is off.
	On() bool
	// Validate reports every problem through add: the key within the section, and a sentence.
	Validate(add func(key, detail string))
}

// An Environment is what a channel may know of the process around it.
type Environment struct {
	// PublicURL is where providers and browsers reach the HTTP API, without a trailing slash.
	PublicURL string
	// SenderName is who sends, for people: "MA State SOC".
	SenderName string
	Log        zerolog.Logger
}
