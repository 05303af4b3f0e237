package integration_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"revere/integration/harness"
	"revere/integration/signalsim"
	"revere/integration/smtpsim"
	"revere/integration/twiliosim"
)

// disturb has one provider fail, for a few messages or for a moment.
func (c *chaos) disturb(ctx context.Context, r *rand.Rand) {
	switch r.IntN(5) {
	case 0, 1:
		b := pick(r, twilioFaults)
		b.Times = 1 + r.IntN(4)
		c.w.Twilio.SetBehavior(b)
		c.count("Twilio fault")
	case 2, 3:
		f := pick(r, smtpFaults)
		f.Times = 1 + r.IntN(2)
		c.w.SMTP.Inject(f)
		c.count("SMTP fault")
	default:
		b := pick(r, signalFaults)
		if r.IntN(4) == 0 {
			b.Refuse = map[string]string{harness.Phone(100 + r.IntN(chaosPeople)): signalsim.ErrorUnregistered}
		}
		c.w.Signal.Behave(b)
		c.count("Signal fault")
		pause(ctx, time.Duration(r.Int64N(int64(300*time.Millisecond))))
		c.w.Signal.Behave(signalsim.Behavior{Latency: time.Duration(r.Int64N(int64(30 * time.Millisecond)))})
	}
	pause(ctx, time.Duration(r.Int64N(int64(300*time.Millisecond))))
}

// What the providers do in a history. What only an operator can mend is left out: it holds a channel
// for a minute at a time.
var (
	twilioFaults = []twiliosim.Behavior{
		{Fault: twiliosim.CutBefore}, {Fault: twiliosim.CutAfter}, {Fault: twiliosim.CutAnswer}, {Fault: twiliosim.HangBefore},
		{Fault: twiliosim.HangAfter}, {Fault: twiliosim.EmptyAnswer},
		{Answer: twiliosim.Refuse(http.StatusInternalServerError, 20500)}, {Answer: twiliosim.Refuse(http.StatusServiceUnavailable, 20503)},
		{Answer: twiliosim.Throttle(time.Second)}, {Answer: twiliosim.Throttle(0)},
		{Answer: &twiliosim.Answer{Status: http.StatusOK, Body: "<html>OK</html>", Accept: true}},
		{Answer: &twiliosim.Answer{Status: http.StatusBadGateway, Body: "<html>Bad Gateway</html>"}},
		{Answer: &twiliosim.Answer{Status: http.StatusBadGateway, Body: "<html>Bad Gateway</html>", Accept: true}},
		{Landline: true},
		{Outcome: twiliosim.Undelivered, ErrorCode: 30005}, {Outcome: twiliosim.Failed, ErrorCode: 30008}, {Outcome: twiliosim.ReadByUser},
		{Receipts: twiliosim.None}, {Receipts: twiliosim.Twice}, {Receipts: twiliosim.OutOfOrder, Outcome: twiliosim.ReadByUser},
		{ReceiptDelay: 400 * time.Millisecond}, {Latency: 300 * time.Millisecond},
	}
	busy       = smtpsim.Reply{Code: 451, Status: "4.3.0", Text: "Try again later"}
	smtpFaults = []smtpsim.Fault{
		{At: smtpsim.AtGreeting, Reply: smtpsim.Reply{Code: 421, Status: "4.3.2", Text: "Going down"}}, {At: smtpsim.AtGreeting, Do: smtpsim.Cut},
		{At: smtpsim.AtGreeting, Do: smtpsim.Hang}, {At: smtpsim.AtAuth, Do: smtpsim.Cut}, {At: smtpsim.AtMail, Reply: busy},
		{At: smtpsim.AtRcpt, Reply: busy}, {At: smtpsim.AtRcpt, Reply: smtpsim.Reply{Code: 550, Status: "5.1.1", Text: "No such user"}},
		{At: smtpsim.AtData, Do: smtpsim.Cut}, {At: smtpsim.AtContent, Reply: busy}, {At: smtpsim.AtContent, Do: smtpsim.Cut},
		{At: smtpsim.AfterContent, Do: smtpsim.Cut}, {At: smtpsim.AfterContent, Do: smtpsim.Hang}, {At: smtpsim.AtReset, Do: smtpsim.Cut},
		{At: smtpsim.AtQuit, Do: smtpsim.Cut},
	}
	signalFaults = []signalsim.Behavior{
		{CutBefore: true}, {CutAfter: true}, {NotJSON: true}, {Array: true}, {Latency: 200 * time.Millisecond},
		{Status: http.StatusTooManyRequests, Error: signalsim.ErrorRateLimit, RetryAfter: time.Second}, {Status: http.StatusInternalServerError, Error: "oops"},
	}
)
