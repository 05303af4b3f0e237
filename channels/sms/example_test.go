package sms_test

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"revere/channels"
	"revere/channels/sms"
	"revere/integration/twiliosim"
)

// The channel sends through whatever speaks Twilio's API at base_url: here, the stand-in.
func Example() {
	twilio := &twiliosim.Server{AccountSID: accountSID, AuthToken: authToken, Numbers: []string{ours}}
	if err := twilio.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer twilio.Stop()

	config := sms.Kind.Defaults().(*sms.Config)
	config.AccountSID, config.AuthToken, config.From = accountSID, authToken, ours
	config.BaseURL = twilio.URL()
	config.Validate(func(key, detail string) { fmt.Println(key, detail) })
	channel, err := sms.Kind.Open(config, channels.Environment{PublicURL: publicURL, Log: zerolog.Nop()})
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(channel.Send(context.Background(), message()).State)
	twilio.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Refuse(400, 30006)})
	out := channel.Send(context.Background(), message())
	fmt.Println(out.State, out.Code, out.Reason)
	// Output:
	// accepted
	// failed 30006 the number is a landline, or its carrier takes no SMS; correct it in the directory
}
