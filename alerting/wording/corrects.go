package wording

import "revere/alerting"

// reality tells an actual alert from the exercise that is under way.
func reality(c Context) string {
	if c.ExerciseOpen && c.Alert.Status == alerting.StatusActual {
		return "REAL, NOT EXERCISE. "
	}
	return ""
}

// replaces opens an update with what it replaces.
func replaces(c Context) string {
	if c.Alert.Type != alerting.TypeUpdate {
		return ""
	}
	if len(c.Corrects) == 0 {
		return "UPDATE. "
	}
	return "UPDATE, replaces " + codes(c.Corrects) + ". "
}

// withdraws says what a cancel takes back: "MA State SOC withdraws K7Q (Boston, phishing, 07:12)".
func (d Desk) withdraws(c Context) string {
	what := "an earlier alert for " + d.place(c.Areas, c.Alert)
	switch len(c.Corrects) {
	case 0:
	case 1:
		what = d.recalled(c, c.Corrects[0])
	default:
		what = codes(c.Corrects)
	}
	return d.sender(c.Alert) + " withdraws " + what
}

// recalled reminds the reader of an earlier alert: "K7Q (Boston, phishing, 07:12)".
func (d Desk) recalled(c Context, earlier Corrected) string {
	sent := clock(earlier.Alert.Sent, c.Alert.Sent, d.location(c))
	return earlier.Code + " (" + d.place(c.Areas, earlier.Alert) + ", " + topic(earlier.Alert) + ", " + sent + ")"
}

func codes(corrected []Corrected) string {
	all := make([]string, len(corrected))
	for i, c := range corrected {
		all[i] = c.Code
	}
	return list(all, "and")
}
