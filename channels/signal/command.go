package signal

import (
	"strings"

	"revere/alerting"
)

// commands are the words that stop, start and explain messages. Signal has none of its own; these
// are the ones that mobile carriers made people used to (CTIA Messaging Principles, section 5.1.3,
// and Twilio's default keywords), so that STOP means the same on every channel.
var commands = map[string]alerting.InboundKind{
	"STOP": alerting.InboundOptOut, "STOPALL": alerting.InboundOptOut, "UNSUBSCRIBE": alerting.InboundOptOut,
	"END": alerting.InboundOptOut, "QUIT": alerting.InboundOptOut, "REVOKE": alerting.InboundOptOut,
	"OPTOUT": alerting.InboundOptOut, "CANCEL": alerting.InboundOptOut,
	"START": alerting.InboundOptIn, "UNSTOP": alerting.InboundOptIn,
	"HELP": alerting.InboundAskedHelp, "INFO": alerting.InboundAskedHelp,
}

// commandOf returns what a text asks for when it is one such word and nothing else, and a reply
// otherwise: "stop the press" is a sentence.
func commandOf(text string) alerting.InboundKind {
	if kind, ok := commands[strings.ToUpper(strings.TrimSpace(text))]; ok {
		return kind
	}
	return alerting.InboundReply
}
