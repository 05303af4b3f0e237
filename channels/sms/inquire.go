package sms

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/twilio/twilio-go/client"

	"revere/alerting"
)

// notKnown is Twilio's error for something that it does not have
// (https://www.twilio.com/docs/api/errors/20404).
const notKnown = 20404

// Inquire fetches a message by its SID, and returns the facts that its receipt would be. It implements
// channels.Inquirer.
func (c *channel) Inquire(ctx context.Context, x alerting.Silence) ([]alerting.Inbound, error) {
	if !messageSID.MatchString(x.ProviderID) {
		return nil, alerting.Errorf(alerting.CodeNotFound, "Twilio has no message of that name")
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	call := c.newCall(ctx)
	message, err := call.api().FetchMessage(x.ProviderID, nil)
	var answer *client.TwilioRestError
	if call.status == http.StatusNotFound && errors.As(err, &answer) && answer.Code == notKnown {
		return nil, alerting.Errorf(alerting.CodeNotFound, "Twilio does not have the message any more (%d)", notKnown)
	}
	if err := call.readError(err); err != nil {
		return nil, err
	}
	if deref(message.Sid) != x.ProviderID || deref(message.Status) == "" {
		return nil, alerting.Errorf(alerting.CodeUnavailable, "the API's answer is not about the message that was asked for; check base_url")
	}
	told := word{sid: x.ProviderID, status: *message.Status, to: deref(message.To), code: max(0, deref(message.ErrorCode)), ref: x.Ref.String()}
	return told.facts(time.Now().UTC()), nil
}
