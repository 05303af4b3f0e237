package demo

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"revere/alerting/tracking"
)

// A screen shows the story as it happens. On a terminal its last line is the progress.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	live  bool
	width int
	start time.Time
	line  string // the progress that is shown

	textShown bool // a text message was shown to its end
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out, start: time.Now(), width: 120}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.live = true
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 40 {
			s.width = width - 1
		}
	}
	return s
}

// print writes a line above the progress.
func (s *screen) print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintln(s.out, text)
	if s.live && s.line != "" {
		fmt.Fprint(s.out, s.line)
	}
}

func (s *screen) clear() {
	if s.live && s.line != "" {
		fmt.Fprint(s.out, "\r\x1b[K")
	}
}

func (s *screen) clock() string {
	passed := time.Since(s.start)
	return fmt.Sprintf("%02d:%04.1f", int(passed.Minutes()), passed.Seconds()-60*float64(int(passed.Minutes())))
}

func (s *screen) say(text string) { s.print("\n" + text) }

// message shows what a stand-in was given.
func (s *screen) message(m message) {
	text := m.text
	if m.channel == "email" {
		text = m.detail
	}
	text = strings.Join(strings.Fields(text), " ")
	line := fmt.Sprintf("%s  → %-16s %-7s %s", s.clock(), short(m.to), m.channel, text)
	if m.channel == "sms" && s.isFirstText() {
		s.print(line) // to its end, where it says how to answer
		return
	}
	s.print(s.clip(line))
}

func (s *screen) isFirstText() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.textShown
	s.textShown = true
	return first
}

// answer shows what a person does.
func (s *screen) answer(line string) { s.print(s.clip(s.clock() + "  ← " + line)) }

func (s *screen) clip(text string) string {
	if r := []rune(text); len(r) > s.width {
		return string(r[:s.width-1]) + "…"
	}
	return text
}

// progress shows how far an alert has come, where that has changed.
func (s *screen) progress(a tracking.Summary) {
	line := s.clip(fmt.Sprintf("%s  %s %s: %d people, %d reached, %d delivered, %d acknowledged, %d can't be reached",
		s.clock(), a.Key, a.Code, a.People, a.Reached, a.Delivered, a.Acknowledged, len(a.Gaps)))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live {
		return // the table at the end says it
	}
	s.clear()
	s.line = line
	fmt.Fprint(s.out, line)
}

// endProgress leaves the last progress standing.
func (s *screen) endProgress() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != "" {
		fmt.Fprintln(s.out)
		s.line = ""
	}
}

// table shows an alert by jurisdiction.
func (s *screen) table(title string, a tracking.Summary) {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", title)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "JURISDICTION\tPEOPLE\tREACHED\tDELIVERED\tACKNOWLEDGED\tFIRST BY\tAFTER")
	for _, x := range a.Areas {
		by, after := "", ""
		if x.First != nil {
			by, after = firstBy(*x.First), x.First.After.Round(100*time.Millisecond).String()
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", x.Area, x.People, x.Reached, x.Delivered, x.Acknowledged, by, after)
	}
	_ = w.Flush() // a strings.Builder takes everything
	fmt.Fprintf(&b, "\n%d people: %d reached, %d delivered, %d acknowledged%s.\n", a.People, a.Reached, a.Delivered, a.Acknowledged, responses(a))
	for _, gap := range a.Gaps {
		fmt.Fprintf(&b, "GAP: %s can't be reached: %s\n", gap.Name, gap.Detail)
	}
	s.print(strings.TrimRight(b.String(), "\n"))
}

func firstBy(x tracking.AnswerView) string {
	text := x.Name + ", " + string(x.Via)
	if x.Label != "" {
		text += ": " + x.Label
	}
	return text
}

// responses says how many answered what, where the alert offered more than ACK.
func responses(a tracking.Summary) string {
	if len(a.Alert.Responses) == 0 {
		return ""
	}
	var parts []string
	for key, n := range a.Responses {
		label := "acknowledged"
		if r, ok := a.Alert.Response(key); ok {
			label = r.Label
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, label))
	}
	slices.Sort(parts)
	return " (" + strings.Join(parts, ", ") + ")"
}

// toTry shows what can be done with the running demo.
func (s *screen) toTry(w *world) {
	token := w.token
	s.say(fmt.Sprintf(`The demo keeps running until Ctrl-C. To try, in another terminal:

  # publish as any NATS client can (the nats command line tool)
  nats pub --server %s --jetstream alerts.ma.boston \
    '{"sender":"me@example","status":"exercise","event":"Test","headline":"Hello Boston","urgency":"immediate","severity":"severe","certainty":"likely"}'

  # publish, watch and acknowledge with this program
  export REVERE_SERVER=%s REVERE_TOKEN=%s
  go run ./cmd/revere publish ma.boston "Phishing" --severity severe --status exercise
  go run ./cmd/revere alerts list

  # or by HTTP
  curl -s %s/api/v1/alerts -H "Authorization: Bearer %s"

  # reply as Somerville's clerk would, by Signal's bridge
  curl -s %s/webhooks/signal/%s -H 'Content-Type: application/json' \
    -d '{"method":"receive","params":{"account":"%s","envelope":{"source":"+16175550112","sourceNumber":"+16175550112","timestamp":1,"dataMessage":{"timestamp":1,"message":"ACK"}}}}'

  API description: %s/docs`,
		w.service.NATSURL(), w.service.URL(), token, w.service.URL(), token, w.service.URL(), webhookToken, signalNumber, w.service.URL()))
}
