package service

import (
	"strings"
	"sync"
	"time"

	"revere/alerting"
	"revere/alerting/replies"
	"revere/alerting/tracking"
	"revere/alerting/wording"
)

// noticeLife is how long an answer to an answer is worth delivering. The alert may be over by then.
const noticeLife = time.Hour

// A writer words the messages of one channel. A text that many people are sent is put together once.
type writer struct {
	desk   wording.Desk
	links  replies.Links
	format alerting.Format

	mu    sync.Mutex
	texts map[occasion]string
}

// An occasion is what a text depends on that is the same for many.
type occasion struct {
	alert          alerting.Key
	widened        int // to how many areas the alert is addressed by now
	areas          string
	corrects       string
	possibleRepeat bool
}

// mostTexts bounds the texts that are kept: with the next one, all are forgotten.
const mostTexts = 4096

func newWriter(desk wording.Desk, links replies.Links, format alerting.Format) *writer {
	return &writer{desk: desk, links: links, format: format, texts: map[occasion]string{}}
}

func (w *writer) word(e tracking.Envelope, possibleDuplicate bool) alerting.Message {
	if e.Notice != nil {
		m := alerting.Message{Subject: e.Notice.Text, Text: e.Notice.Text, Expires: time.Now().Add(noticeLife)}
		if strings.Contains(m.Text, e.Code) { // a help text need not name the alert, and is not looked for by its code then
			m.Code = e.Code
		}
		return m
	}
	m := alerting.Message{Severity: e.Alert.Severity, Code: e.Code, Expires: e.Alert.Expires}
	// A short text is the same at every attempt: the provider is asked for it by its words.
	repeat := possibleDuplicate && w.format != alerting.Short
	if !w.desk.Same(w.format) {
		m.AckURL = w.links.URL(e.Key, e.Delivery)
		m.Subject, m.Text, m.HTML = w.compose(e, m.AckURL, repeat)
		return m
	}
	o := occasion{e.Key, len(e.Alert.Areas), join(e.Areas), corrected(e.Corrects), repeat}
	w.mu.Lock()
	defer w.mu.Unlock()
	text, known := w.texts[o]
	if !known {
		if len(w.texts) == mostTexts {
			clear(w.texts)
		}
		_, text, _ = w.compose(e, "", repeat)
		w.texts[o] = text
	}
	m.Text = text
	return m
}

func (w *writer) compose(e tracking.Envelope, ackURL string, repeat bool) (subject, text, html string) {
	c := wording.Context{Alert: e.Alert, Code: e.Code, Areas: e.Areas, ExerciseOpen: e.ExerciseOpen, AckURL: ackURL, PossibleDuplicate: repeat}
	for _, x := range e.Corrects {
		c.Corrects = append(c.Corrects, wording.Corrected{Alert: x.Alert, Code: x.Code})
	}
	return w.desk.Compose(w.format, c)
}

func join(areas []alerting.Area) string {
	if len(areas) == 1 {
		return string(areas[0])
	}
	var b strings.Builder
	for _, a := range areas {
		b.WriteString(string(a))
		b.WriteByte(' ')
	}
	return b.String()
}

func corrected(alerts []tracking.Corrected) string {
	codes := ""
	for _, x := range alerts {
		codes += x.Code + " "
	}
	return codes
}
