package bench

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"revere/alerting"
	"revere/subscribers"
	"revere/subscribers/areas"
)

// The crowd lives in one state, and one more person, whom single alerts go to, in another.
const (
	crowdState = "ma"
	loneState  = "ri"
	loneTown   = alerting.Area(loneState + ".lone-town")

	addressPrefix = "bench:"
)

// A crowd is the recipients, spread evenly over the areas.
type crowd struct {
	people, areas int
	contact       func(person int) subscribers.Contact
}

// newCrowd is people whom the bench's own provider reaches.
func newCrowd(people, towns int) crowd {
	return crowd{people, min(people, towns), func(person int) subscribers.Contact {
		return subscribers.Contact{Channel: kindName, Address: fmt.Sprintf("%s%07d", addressPrefix, person)}
	}}
}

// town is where a person lives: the towns stand one after the other in the directory, as they are imported.
func (c crowd) town(person int) int { return min(person, c.people-1) * c.areas / c.people }

// townOf is where the person with an address lives; ok is false for the lone one.
func (c crowd) townOf(address string) (town int, ok bool) {
	person, err := strconv.Atoi(strings.TrimPrefix(address, addressPrefix))
	return c.town(person), err == nil && person < c.people
}

// directory is every change that makes the directory: the towns, and the people in them.
func (c crowd) directory() []alerting.Change {
	state := areas.State{Code: crowdState}
	counties := areas.New().List(crowdState)[1:]
	towns := make([]alerting.Area, c.areas)
	for i := range towns {
		slug := fmt.Sprintf("town-%06d", i)
		towns[i] = alerting.Area(crowdState + "." + slug)
		state.Municipalities = append(state.Municipalities, areas.Municipality{
			Slug: slug, Name: fmt.Sprintf("Town %d", i), Kind: "town", Counties: []alerting.Area{counties[i%len(counties)].Area},
		})
	}
	changes := make([]alerting.Change, 0, c.people+2)
	changes = append(changes, subscribers.PutAreas(state))
	for i := range c.people + 1 {
		person := subscribers.Subscriber{
			ID: fmt.Sprintf("person-%07d", i), Name: fmt.Sprintf("Person %d", i), Areas: []alerting.Area{loneTown},
			Contacts: []subscribers.Contact{c.contact(i)},
		}
		if i < c.people {
			person.Areas = []alerting.Area{towns[c.town(i)]}
			person.Organization = fmt.Sprintf("Town %d", c.town(i))
		}
		changes = append(changes, person.Put())
	}
	return changes
}

// body is an exercise alert with an id of its own.
func body(id string, severity alerting.Severity, life time.Duration) []byte {
	now := time.Now()
	data, err := json.Marshal(map[string]any{
		"id": id, "sender": "bench@revere.example", "status": alerting.StatusExercise, "event": "Measurement",
		"urgency": "immediate", "severity": severity, "certainty": "observed", "sent": now, "expires": now.Add(life),
		"headline":    "Phishing against election clerks",
		"description": "Mail that looks like an invoice from a known vendor asks for the credentials of election systems.",
		"instruction": "Do not open invoice mail. Report what has come.",
	})
	if err != nil {
		panic(err) // strings and times only
	}
	return data
}
