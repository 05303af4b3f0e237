package harness

import (
	"fmt"
	"net/http"

	"revere/alerting"
	"revere/subscribers"
)

// Municipalities is the table that a world imports: five of Massachusetts, in three counties.
const Municipalities = `slug,name,kind,counties,geoid
ma.boston,Boston,city,suffolk,2507000
ma.chelsea,Chelsea,city,suffolk,2513205
ma.cambridge,Cambridge,city,middlesex,2511000
ma.lowell,Lowell,city,middlesex,2537000
ma.worcester,Worcester,city,worcester,2582000
`

// ImportAreas takes in a table of municipalities.
func (w *World) ImportAreas(csv string) {
	w.t.Helper()
	w.Call(http.StatusOK, Request{Method: http.MethodPost, Path: "/api/v1/areas/import", Body: csv, Header: map[string]string{"Content-Type": "text/csv"}})
}

// Import adds people to the directory.
func (w *World) Import(people ...subscribers.Subscriber) {
	w.t.Helper()
	w.Call(http.StatusOK, Request{Method: http.MethodPost, Path: "/api/v1/subscribers/import", Body: people})
}

// Subscribers is how many people the directory has.
func (w *World) Subscribers() (n int) {
	w.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Data []struct{}
			Next *string `json:"next_cursor"`
		}
		w.read("/api/v1/subscribers?limit=1000&cursor="+cursor, &page)
		n += len(page.Data)
		if page.Next == nil {
			return n
		}
		cursor = *page.Next
	}
}

// A Contact is one way to reach somebody.
type Contact = subscribers.Contact

// SMS is a contact by text message.
func SMS(number string) Contact { return Contact{Channel: "sms", Address: number} }

// Email is a contact by mail.
func Email(address string) Contact { return Contact{Channel: "email", Address: address} }

// Signal is a contact by Signal.
func Signal(number string) Contact { return Contact{Channel: "signal", Address: number} }

// Person is a subscriber to one area.
func Person(id, area string, contacts ...Contact) subscribers.Subscriber {
	return subscribers.Subscriber{ID: id, Name: id, Areas: []alerting.Area{alerting.Area(area)}, Contacts: contacts}
}

// Phone is the n-th of the numbers that tests give to people: all valid, none of the service's own.
func Phone(n int) string { return fmt.Sprintf("+1617556%04d", n) }
