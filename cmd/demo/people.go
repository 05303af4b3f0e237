package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"revere/cmd/revere/client"
	"revere/integration/twiliosim"
)

// A habit is what the person at an address does with an alert. Whoever has none acknowledges in the
// plain way of the channel.
type habit func(p *people, m message, code string) error

// habits of the people in sample/subscribers.csv who do something out of the ordinary.
var habits = map[string]habit{
	"+19785550101": (*people).stop,           // Lowell wants no more messages, and has no other contact
	"+14135550103": (*people).gotItToo,       // Springfield got the phishing mail too
	"+15085550106": (*people).muddled,        // Plymouth answers in words first
	"+17815550101": (*people).lowerCase,      // Lynn types as phones do
	"+16175550112": (*people).quote,          // Somerville quotes
	"+16175550111": (*people).react,          // Newton puts a thumb up
	"+15085550109": (*people).byCommandLine,  // the EMC's duty officer sits at a terminal
	"+16175550104": (*people).byAPI,          // the metro team has a system of its own
	"+16175550105": (*people).leaveToTheLead, // its second sees that the lead has answered
	"+14135550106": (*people).leaveToTheLead,
}

// deadPhone belongs to Worcester's clerk, who reads the mail instead.
const deadPhone = "+15085550107"

// People are those who receive the demo's messages. They answer as people do: after a while, each
// in a way of their own, once an alert.
type people struct {
	world *world
	hear  func(line string)
	speed float64

	mu       sync.Mutex
	answered map[string]bool // address and code
	gone     bool            // nobody begins to answer any more
	failed   error
	busy     sync.WaitGroup
}

func (w *world) people(speed float64, hear func(string)) *people {
	w.twilio.SetBehaviorFor(deadPhone, twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30003})
	return &people{world: w, hear: hear, speed: speed, answered: map[string]bool{}}
}

var codeInText = regexp.MustCompile(`ACK ([A-Z][0-9][A-Z][0-9]?)\b`)

// receive lets the person at an address act on a message.
func (p *people) receive(m message) {
	code := codeIn(m)
	if code == "" || strings.Contains(m.text, "acknowledged") || m.to == deadPhone {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock() // until busy counts them, so that leave waits for all
	if p.gone || p.answered[m.to+code] {
		return
	}
	p.answered[m.to+code] = true
	p.busy.Go(func() {
		p.takeTime(600*time.Millisecond + rand.N(3*time.Second)) // reading
		act := habits[m.to]
		if act == nil || strings.Contains(m.text, "FALSE ALARM") { // to which nobody has more to say
			act = (*people).acknowledge
		}
		if err := act(p, m, code); err != nil {
			p.mu.Lock()
			p.failed = fmt.Errorf("%s could not answer: %w", m.to, err)
			p.mu.Unlock()
		}
	})
}

func (p *people) takeTime(d time.Duration) { time.Sleep(time.Duration(float64(d) / p.speed)) }

// wait returns when everyone has done what they do, and what went wrong.
func (p *people) wait() error {
	p.busy.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// leave returns when everyone who had begun to answer is done. Nobody begins after it.
func (p *people) leave() {
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.busy.Wait()
}

func codeIn(m message) string {
	if found := codeInText.FindStringSubmatch(m.text); found != nil {
		return found[1]
	}
	if i := strings.LastIndexByte(m.detail, '['); m.channel == "email" && i >= 0 {
		return strings.TrimSuffix(m.detail[i+1:], "]")
	}
	return ""
}

// acknowledge answers in the plain way of each channel.
func (p *people) acknowledge(m message, code string) error {
	switch m.channel {
	case "email":
		return p.link(m)
	case "signal":
		return p.signalReply(m, "ACK "+code)
	default:
		return p.text(m, "ACK "+code)
	}
}

func (p *people) text(m message, text string) error {
	p.hear(fmt.Sprintf("%-16s sms     replies %q", m.to, text))
	_, err := p.world.twilio.Reply(m.to, smsNumber, text)
	return err
}

func (p *people) signalReply(m message, text string) error {
	p.hear(fmt.Sprintf("%-16s signal  replies %q", m.to, text))
	return posted(p.world.signal.Reply(m.to, text))
}

func posted(status int, err error) error {
	if err == nil && status != http.StatusOK {
		return fmt.Errorf("the webhook answered %d", status)
	}
	return err
}

var linkInText = regexp.MustCompile(`https?://\S+/a/[A-Za-z0-9_-]+`)

// link opens the link of a mail, as a scanner and then a person do, and presses the button.
func (p *people) link(m message) error {
	address := linkInText.FindString(m.text)
	if address == "" {
		return fmt.Errorf("the mail has no link")
	}
	if _, err := fetch(http.Get(address)); err != nil {
		return err
	}
	p.hear(fmt.Sprintf("%-16s email   opens the link and presses Acknowledge", short(m.to)))
	_, err := fetch(http.PostForm(address, url.Values{}))
	return err
}

func fetch(answer *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s answered %s", answer.Request.URL.Path, answer.Status)
	}
	return body, err
}

func (p *people) stop(m message, _ string) error     { return p.text(m, "STOP") }
func (p *people) gotItToo(m message, c string) error { return p.text(m, "2 "+c+" came at 6:55") }

func (p *people) lowerCase(m message, code string) error {
	return p.text(m, "  ack "+strings.ToLower(code))
}

// muddled answers in words, reads the help text, and then answers as it says.
func (p *people) muddled(m message, code string) error {
	if err := p.text(m, "ok thanks will tell everybody"); err != nil {
		return err
	}
	p.takeTime(2 * time.Second)
	return p.text(m, "ACK "+code)
}

func (p *people) quote(m message, _ string) error {
	timestamp, err := strconv.ParseInt(m.detail, 10, 64)
	if err != nil {
		return err
	}
	p.hear(fmt.Sprintf("%-16s signal  quotes it and writes %q", m.to, "on it"))
	return posted(p.world.signal.Quote(m.to, "on it", timestamp))
}

func (p *people) react(m message, _ string) error {
	timestamp, err := strconv.ParseInt(m.detail, 10, 64)
	if err != nil {
		return err
	}
	p.hear(fmt.Sprintf("%-16s signal  reacts 👍", m.to))
	return posted(p.world.signal.React(m.to, "👍", timestamp))
}

func (p *people) byAPI(m message, code string) error {
	key, err := p.world.keyOf(context.Background(), code)
	if err != nil {
		return err
	}
	p.hear(fmt.Sprintf("%-16s api     acknowledges for metro-lead", m.to))
	body, err := json.Marshal(map[string]string{"subscriber": "metro-lead", "note": "team is out"})
	if err != nil {
		return err
	}
	return p.world.api.Do(context.Background(), client.Request{Method: http.MethodPost, Path: client.Path("alerts", key, "acknowledgements"), Body: body}, nil)
}

func (p *people) byCommandLine(m message, code string) error {
	key, err := p.world.keyOf(context.Background(), code)
	if err != nil {
		return err
	}
	p.hear(fmt.Sprintf("%-16s cli     runs `revere ack %s emc-duty`", m.to, key))
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self, "ack", key, "emc-duty", "--note", "duty desk informed")
	command.Env = append(os.Environ(), "REVERE_SERVER="+p.world.service.URL(), "REVERE_TOKEN="+p.world.token)
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("revere ack: %w: %s", err, bytes.TrimSpace(said))
	}
	return nil
}

func (p *people) leaveToTheLead(message, string) error { return nil }

func short(address string) string {
	if len(address) > 16 {
		return address[:15] + "…"
	}
	return address
}
