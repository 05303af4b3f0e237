package alerting

import "slices"

// Status says how an alert is meant (CAP 1.2 §3.2.1, status), in lower case.
type Status string

// The statuses. Draft and system alerts are kept and never reach people.
const (
	StatusActual   Status = "actual"
	StatusExercise Status = "exercise"
	StatusSystem   Status = "system"
	StatusTest     Status = "test"
	StatusDraft    Status = "draft"
)

// ReachesPeople reports whether alerts of this status are delivered.
func (s Status) ReachesPeople() bool { return s != StatusDraft && s != StatusSystem }

// MessageType says what an alert does to those before it (CAP 1.2 §3.2.1, msgType).
type MessageType string

// The message types that Revere takes.
const (
	TypeAlert  MessageType = "alert"
	TypeUpdate MessageType = "update"
	TypeCancel MessageType = "cancel"
)

// Corrects reports whether the type changes an earlier alert.
func (t MessageType) Corrects() bool { return t == TypeUpdate || t == TypeCancel }

// Urgency, Severity and Certainty are CAP's three measures (CAP 1.2 §3.2.2), in lower case.
type (
	Urgency   string
	Severity  string
	Certainty string
)

// The severities, from the gravest.
const (
	Extreme         Severity = "extreme"
	Severe          Severity = "severe"
	Moderate        Severity = "moderate"
	Minor           Severity = "minor"
	UnknownSeverity Severity = "unknown"
)

// Rank orders severities for sending: 0 is the most urgent, 3 the least. Unknown ranks as severe.
func (s Severity) Rank() int {
	switch s {
	case Extreme:
		return 0
	case Severe, UnknownSeverity:
		return 1
	case Moderate:
		return 2
	default:
		return 3
	}
}

// Reaches reports whether an alert of severity s reaches someone with the given floor.
// An empty floor lets everything through.
func (s Severity) Reaches(floor Severity) bool { return floor == "" || s.Rank() <= floor.Rank() }

// TLP is a Traffic Light Protocol 2.0 label.
type TLP string

// The value sets, for validation and for help texts.
var (
	Statuses     = []Status{StatusActual, StatusExercise, StatusSystem, StatusTest, StatusDraft}
	MessageTypes = []MessageType{TypeAlert, TypeUpdate, TypeCancel}
	Urgencies    = []Urgency{"immediate", "expected", "future", "past", "unknown"}
	Severities   = []Severity{Extreme, Severe, Moderate, Minor, UnknownSeverity}
	Certainties  = []Certainty{"observed", "likely", "possible", "unlikely", "unknown"}
	// Categories are CAP 1.2 §3.2.2's event categories.
	Categories = []string{"geo", "met", "safety", "security", "rescue", "fire", "health", "env", "transport", "infra", "cbrne", "other"}
	TLPs       = []TLP{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"}
)

// ParseSeverity reads a severity in lower case.
func ParseSeverity(s string) (Severity, error) {
	if sev := Severity(s); slices.Contains(Severities, sev) {
		return sev, nil
	}
	return "", Errorf(CodeInvalid, "severity %q is not one of %s", s, list(Severities))
}

func list[T ~string](values []T) string {
	out := ""
	for i, v := range values {
		if i > 0 {
			out += ", "
		}
		out += string(v)
	}
	return out
}
