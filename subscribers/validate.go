package subscribers

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"revere/alerting"
	"revere/subscribers/internal/sheet"
)

// A Validator brings subscribers and teams into the one form that the directory keeps, or says all
// that is wrong with them.
type Validator struct {
	// Atlas knows the areas.
	Atlas alerting.Atlas
	// Addresses parse an address of each known channel into its one form (channels.Kind.ParseAddress).
	// A channel need not be configured: contacts may be entered before its provider is. They are
	// called from several goroutines at once.
	Addresses map[string]func(string) (string, error)
}

// Channels lists the known channels in order.
func (v Validator) Channels() []string { return slices.Sorted(maps.Keys(v.Addresses)) }

// Subscriber returns s in normal form. The error is an *alerting.Error whose problems point into
// the subscriber's JSON. Warnings are what somebody should hear although s is good: an area in a
// state whose municipalities nobody has imported.
func (v Validator) Subscriber(s Subscriber) (normal Subscriber, warnings []alerting.Problem, err error) {
	c := checker{Validator: v}
	normal = Subscriber{
		ID:           c.id("/id", s.ID),
		Name:         c.name("/name", s.Name),
		Organization: c.line("/organization", s.Organization),
		Areas:        c.areas(s.Areas),
		MinSeverity:  c.floor("/min_severity", s.MinSeverity),
		Categories:   c.categories(s.Categories),
		Language:     c.language(s.Language),
		Shared:       s.Shared,
		Contacts:     c.contacts(s.Contacts),
	}
	if len(c.problems) > 0 {
		return Subscriber{}, nil, c.problems.Err(fmt.Sprintf("subscriber %q was refused", sheet.Clip(s.ID)))
	}
	return normal, c.warnings, nil
}

// Team returns t in normal form. exists, where not nil, says whether there is a subscriber with an
// id. A team without members is good: it may be made before them.
func (v Validator) Team(t Team, exists func(id string) bool) (Team, error) {
	c := checker{Validator: v}
	normal := Team{ID: c.id("/id", t.ID), Name: c.name("/name", t.Name), Kind: t.Kind, Members: []string{}}
	if !slices.Contains(TeamKinds, t.Kind) {
		c.problems.Add("/kind", alerting.CodeInvalid, "kind %q is not one of emc, responders, other", sheet.Clip(string(t.Kind)))
	}
	if len(t.Members) > MaxMembers {
		c.problems.Add("/members", alerting.CodeOversized, "%d members are more than %d; make several teams", len(t.Members), MaxMembers)
		t.Members = nil
	}
	seen := make(map[string]bool, len(t.Members))
	for i, member := range t.Members {
		at := fmt.Sprintf("/members/%d", i)
		switch {
		case !idForm.MatchString(member):
			c.problems.Add(at, alerting.CodeInvalid, "member %q is not a subscriber's id", sheet.Clip(member))
		case seen[member]:
			c.problems.Add(at, alerting.CodeDuplicate, "member %q is given twice", sheet.Clip(member))
		case exists != nil && !exists(member):
			c.problems.Add(at, alerting.CodeNotFound, "there is no subscriber %q; add the subscriber first", sheet.Clip(member))
		}
		seen[member] = true
		normal.Members = append(normal.Members, member)
	}
	if err := c.problems.Err(fmt.Sprintf("team %q was refused", sheet.Clip(t.ID))); err != nil {
		return Team{}, err
	}
	return normal, nil
}

// A checker collects what is wrong with one subscriber or team.
type checker struct {
	Validator
	problems alerting.Problems
	warnings alerting.Problems
}

var idForm = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9._-]{1,%d}$`, MaxID))

func (c *checker) id(pointer, id string) string {
	id = strings.TrimSpace(id)
	switch {
	case id == "":
		c.problems.Add(pointer, alerting.CodeMissing, "id is required: a name that never changes, such as \"boston-clerk\"")
	case !idForm.MatchString(id):
		c.problems.Add(pointer, alerting.CodeInvalid, "id %q is not 1 to %d letters (A-Z, a-z), digits, points, hyphens and underscores", sheet.Clip(id), MaxID)
	}
	return id
}

func (c *checker) name(pointer, s string) string {
	s = c.line(pointer, s)
	if s == "" {
		c.problems.Add(pointer, alerting.CodeMissing, "name is required: it is what the desk reads and calls")
	}
	return s
}

func (c *checker) line(pointer, s string) string {
	s = strings.TrimSpace(s)
	if n := utf8.RuneCountInString(s); n > MaxName {
		c.problems.Add(pointer, alerting.CodeOversized, "%q has %d characters, more than %d", sheet.Clip(s), n, MaxName)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		c.problems.Add(pointer, alerting.CodeInvalid, "%q is not one line of UTF-8 text", sheet.Clip(s))
	}
	return s
}

func (c *checker) areas(given []alerting.Area) []alerting.Area {
	switch {
	case len(given) == 0:
		c.problems.Add("/areas", alerting.CodeMissing, "areas is required: where this subscriber gets alerts for, such as \"ma.boston\" or \"ma\"")
		return nil
	case len(given) > MaxAreas:
		c.problems.Add("/areas", alerting.CodeOversized, "%d areas are more than %d; subscribe to counties or states", len(given), MaxAreas)
		return nil
	}
	areas := make([]alerting.Area, 0, len(given))
	for i, name := range given {
		area, known, err := c.Atlas.Resolve(strings.TrimSpace(string(name)))
		if err != nil {
			c.problems.Add(fmt.Sprintf("/areas/%d", i), alerting.CodeUnknownArea, "%s", err.Error())
			continue
		}
		if !known {
			c.warnings.Add(fmt.Sprintf("/areas/%d", i), alerting.CodeUnknownArea, "%q is taken as given: the municipalities of %q have not been imported (revere areas import)", area, area.State())
		}
		if !slices.Contains(areas, area) {
			areas = append(areas, area)
		}
	}
	return areas
}

func (c *checker) floor(pointer string, s alerting.Severity) alerting.Severity {
	floor := alerting.Severity(strings.ToLower(strings.TrimSpace(string(s))))
	if floor != "" && (floor == alerting.UnknownSeverity || !slices.Contains(alerting.Severities, floor)) {
		c.problems.Add(pointer, alerting.CodeInvalid, "min_severity %q is not one of extreme, severe, moderate, minor (empty lets everything through)", sheet.Clip(string(s)))
	}
	return floor
}

func (c *checker) categories(given []string) []string {
	var categories []string
	for i, name := range given {
		category := strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(alerting.Categories, category) {
			c.problems.Add(fmt.Sprintf("/categories/%d", i), alerting.CodeInvalid, "category %q is not one of %s", sheet.Clip(name), strings.Join(alerting.Categories, ", "))
		}
		if !slices.Contains(categories, category) {
			categories = append(categories, category)
		}
	}
	return categories
}

func (c *checker) language(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	tag, err := language.Parse(s)
	if err != nil {
		c.problems.Add("/language", alerting.CodeInvalid, "language %q is not a tag such as en-US or es (BCP 47)", sheet.Clip(s))
		return ""
	}
	return tag.String()
}

func (c *checker) contacts(given []Contact) []Contact {
	switch {
	case len(given) == 0:
		c.problems.Add("/contacts", alerting.CodeMissing, "at least one contact is required: %s", strings.Join(c.Channels(), ", "))
	case len(given) > MaxContacts:
		c.problems.Add("/contacts", alerting.CodeOversized, "%d contacts are more than %d", len(given), MaxContacts)
		return nil
	}
	contacts := make([]Contact, 0, len(given))
	for i, contact := range given {
		at := "/contacts/" + strconv.Itoa(i)
		normal, ok := c.contact(at, contact)
		if !ok {
			continue
		}
		if slices.ContainsFunc(contacts, func(o Contact) bool { return o.Channel == normal.Channel && o.Address == normal.Address }) {
			c.problems.Add(at+"/address", alerting.CodeDuplicate, "%s contact %q is given twice", normal.Channel, normal.Address)
		}
		contacts = append(contacts, normal)
		if countOn(contacts, normal.Channel) == MaxPerChannel+1 {
			c.problems.Add(at, alerting.CodeOversized, "more than %d %s contacts", MaxPerChannel, normal.Channel)
		}
	}
	return contacts
}

func countOn(contacts []Contact, channel string) (n int) {
	for _, c := range contacts {
		if c.Channel == channel {
			n++
		}
	}
	return n
}

func (c *checker) contact(at string, given Contact) (Contact, bool) {
	normal := Contact{Channel: strings.TrimSpace(given.Channel), MinSeverity: c.floor(at+"/min_severity", given.MinSeverity)}
	parse := c.Addresses[normal.Channel]
	address := strings.TrimSpace(given.Address)
	switch {
	case parse == nil:
		c.problems.Add(at+"/channel", alerting.CodeInvalid, "channel %q is not one of %s", sheet.Clip(given.Channel), strings.Join(c.Channels(), ", "))
		return Contact{}, false
	case address == "":
		c.problems.Add(at+"/address", alerting.CodeMissing, "address is required")
		return Contact{}, false
	case len(address) > MaxAddress:
		c.problems.Add(at+"/address", alerting.CodeOversized, "the address has %d bytes, more than %d", len(address), MaxAddress)
		return Contact{}, false
	}
	var err error
	if normal.Address, err = parse(address); err != nil {
		detail := err.Error()
		if !strings.Contains(detail, strconv.Quote(address)) {
			detail = fmt.Sprintf("%q: %s", address, detail)
		}
		c.problems.Add(at+"/address", alerting.CodeInvalid, "%s", detail)
		return Contact{}, false
	}
	return normal, true
}
