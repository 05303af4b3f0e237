package main

import (
	"revere/channels"
	"revere/channels/email"
	"revere/channels/signal"
	"revere/channels/sms"
)

// kinds lists the channels. A new one is a folder in channels/ and a line here.
var kinds = []channels.Kind{sms.Kind, email.Kind, signal.Kind}
