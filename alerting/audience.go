package alerting

// Candidates are those whom an alert concerns, with the contacts that it may use of each in the order of
// preference. A contact that must not be used carries why in Suppressed.
type Candidates struct {
	Recipients []Recipient // without contacts
	Contacts   [][]Planned // of each of them
}

// Add adds somebody.
func (c *Candidates) Add(r Recipient, contacts []Planned) {
	c.Recipients, c.Contacts = append(c.Recipients, r), append(c.Contacts, contacts)
}

// An Audience knows whom an alert concerns.
type Audience interface {
	// Match returns whom an alert for these areas concerns, in an order that depends on the
	// directory only, and the revision of the directory that says so. Uncovered are the
	// municipalities within the areas where nobody is subscribed. The lists are the caller's; what is in them is shared.
	Match(areas []Area, severity Severity, categories []string) (concerned Candidates, uncovered []Area, revision uint64)
}
