package wording

import (
	"strings"

	"revere/alerting"
)

// A Reason is why a reply was not recorded.
type Reason struct {
	about *Context
	says  string
	// reply is what to reply instead; empty where the open alerts tell.
	reply string
}

// The reasons that are about no one alert.
var (
	// NotUnderstood: the reply says nothing that we know.
	NotUnderstood = Reason{says: "not understood"}
	// SeveralOpen: a plain ACK, and more than one alert that it could mean.
	SeveralOpen = Reason{says: "several alerts are open"}
	// NoneOpen: a plain ACK, and no alert that it could mean.
	NoneOpen = Reason{says: "nothing to acknowledge"}
)

// WrongCode says that no alert of this code was sent to the address.
func WrongCode(code string) Reason { return Reason{says: joined("no alert", line(code), "for you")} }

// NotOffered says that the alert has no response of this key.
func NotOffered(c Context, key string) Reason {
	reply := "Reply ACK " + c.Code + strings.Join(offers(c.Alert, c.Code), "") + "."
	return Reason{about: &c, says: joined("has no answer", line(key)), reply: reply}
}

// Withdrawn says that a cancel has taken the alert back.
func Withdrawn(c Context) Reason { return Reason{about: &c, says: "was withdrawn"} }

// Replaced says that an update has taken the alert's place.
func Replaced(c Context) Reason { return Reason{about: &c, says: "was replaced"} }

// Over says that the alert has expired.
func Over(c Context) Reason { return Reason{about: &c, says: "is over"} }

// mostCodes bounds how many open alerts a help text names.
const mostCodes = 4

// Help says that nothing was recorded and why, what to reply, and whom to call. open are the alerts
// that the address may still answer, the one most likely meant first; after a correction, that is
// the correction.
func (d Desk) Help(why Reason, open []Context) string {
	concerned := open
	if why.about != nil {
		concerned = append([]Context{*why.about}, open...)
	}
	status, mixed := commonStatus(concerned)
	said := why.says
	if why.about != nil {
		said = code(*why.about, mixed) + " " + why.says
	}
	head := d.helper(concerned) + ": " + said + ", nothing recorded."
	call := ""
	if d.Phone != "" {
		call = "To talk to a person call " + phone(d.Phone) + "."
	}
	if why.reply != "" {
		return notice(status, joined(head, why.reply, call))
	}
	return notice(status,
		joined(head, d.howToReply(open, mixed, len(open) > 1), call),
		joined(head, d.howToReply(open, mixed, false), call))
}

// helper is who helps: the sender of the alert that it is about, or the desk.
func (d Desk) helper(concerned []Context) string {
	if len(concerned) == 1 {
		return d.sender(concerned[0].Alert)
	}
	return d.sender(&alerting.Alert{})
}

// howToReply names the codes of the open alerts, and reminds of each where there is room.
func (d Desk) howToReply(open []Context, mixed, remind bool) string {
	if len(open) == 0 {
		return "No alert is open for you."
	}
	var ways []string
	for _, c := range open[:min(len(open), mostCodes)] {
		way := "ACK " + code(c, mixed)
		if remind {
			way += " (" + d.place(c.Areas, c.Alert) + ", " + topic(c.Alert) + ")"
		}
		ways = append(ways, way)
	}
	if len(open) > mostCodes {
		ways = append(ways, "the code of another alert you have")
	}
	return "Reply " + list(ways, "or") + "."
}

// code is an alert's code, with its status where alerts of several are named together.
func code(c Context, mixed bool) string {
	if word := mark(c.Alert.Status); mixed && word != "" {
		return c.Code + " (" + word + ")"
	}
	return c.Code
}

// commonStatus is the status of all the alerts; actual, and mixed, where they differ.
func commonStatus(all []Context) (status alerting.Status, mixed bool) {
	status = alerting.StatusActual
	for i, c := range all {
		if i == 0 {
			status = c.Alert.Status
		}
		if c.Alert.Status != status {
			return alerting.StatusActual, true
		}
	}
	return status, false
}
