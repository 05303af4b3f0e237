package subscribers

import (
	"encoding/binary"
	"iter"
	"slices"
	"unique"

	"revere/alerting"
)

// A packed subscriber is one in few bytes, since there may be a million: what is its own is one
// string, and what many have alike is kept once for all of them. It never changes, and two are equal
// where the subscribers are.
type packed struct {
	own
	areas  unique.Handle[string] // joined
	traits unique.Handle[traits]
}

// What is a subscriber's own.
type own struct {
	text         string // the id, the name and the contacts' addresses, joined
	organization unique.Handle[string]
}

// Traits are what of a subscriber is chosen from little: most directories have a few dozen.
type traits struct {
	floor      alerting.Severity
	language   string
	categories string // joined
	contacts   string // the channel and the floor of each, joined
	shared     bool
}

func pack(s *Subscriber) packed {
	var room [512]byte // enough for most, on the stack
	text := appendField(appendField(room[:0], s.ID), s.Name)
	for _, c := range s.Contacts {
		text = appendField(text, c.Address)
	}
	p := packed{own: own{string(text), unique.Make(s.Organization)}, traits: unique.Make(s.traits())}
	p.areas = unique.Make(string(appendFields(room[:0], s.Areas)))
	return p
}

// textTogether is about how many bytes of those who arrive together become one string: of a million strings the
// garbage collector looks at each. What was replaced takes room until all with it are.
const textTogether = 4 << 10

// joinTexts makes few strings of the texts of those who arrive together.
func joinTexts(values []decoded) {
	room := make([]byte, 0, 2*textTogether)
	for len(values) > 0 {
		joined, n := room[:0], 0
		for ; n < len(values) && len(joined) < textTogether; n++ {
			joined = append(joined, values[n].text()...)
		}
		rest := string(joined)
		for _, v := range values[:n] {
			if v.subscriber != nil {
				v.subscriber.text, rest = rest[:len(v.subscriber.text)], rest[len(v.subscriber.text):]
			}
		}
		values = values[n:]
	}
}

func (s *Subscriber) traits() traits {
	var room [256]byte // enough for most, on the stack
	contacts := room[:0]
	for _, c := range s.Contacts {
		contacts = appendField(appendField(contacts, c.Channel), string(c.MinSeverity))
	}
	t := traits{floor: s.MinSeverity, language: s.Language, contacts: string(contacts), shared: s.Shared}
	t.categories = string(appendFields(room[:0], s.Categories))
	return t
}

func (p own) id() string {
	id, _ := cutField(p.text)
	return id
}

// named returns the id, the name, and the addresses, joined.
func (p own) named() (id, name, addresses string) {
	id, rest := cutField(p.text)
	name, addresses = cutField(rest)
	return id, name, addresses
}

// addresses yields the address of each contact, in the order of preference.
func (p own) addresses() iter.Seq[string] {
	_, _, addresses := p.named()
	return fields(addresses)
}

// unpack returns the subscriber, as anybody may keep it.
func (p packed) unpack() *Subscriber {
	s := &Subscriber{}
	p.unpackInto(s, newProfile(p.traits), areaList(p.areas))
	return s
}

// unpackInto fills in s. The profile and the areas are those that p has packed.
func (p own) unpackInto(s *Subscriber, of *profile, areas []alerting.Area) {
	id, name, addresses := p.named()
	*s = Subscriber{
		ID: id, Name: name, Organization: p.organization.Value(), Areas: areas, MinSeverity: of.floor,
		Categories: of.categories, Language: of.language, Shared: of.shared, Contacts: slices.Clone(of.contacts),
	}
	for i := range s.Contacts {
		s.Contacts[i].Address, addresses = cutField(addresses)
	}
}

func areaList(joined unique.Handle[string]) []alerting.Area {
	areas := []alerting.Area{}
	for area := range fields(joined.Value()) {
		areas = append(areas, alerting.Area(area))
	}
	return areas
}

// A profile is traits as lists.
type profile struct {
	traits     unique.Handle[traits]
	floor      alerting.Severity
	language   string
	shared     bool
	categories []string
	contacts   []Contact // without addresses; never nil
}

func newProfile(handle unique.Handle[traits]) *profile {
	t := handle.Value()
	p := &profile{traits: handle, floor: t.floor, language: t.language, shared: t.shared, contacts: []Contact{}}
	for category := range fields(t.categories) {
		p.categories = append(p.categories, category)
	}
	for rest := t.contacts; rest != ""; {
		var c Contact
		var floor string
		c.Channel, rest = cutField(rest)
		floor, rest = cutField(rest)
		c.MinSeverity = alerting.Severity(floor)
		p.contacts = append(p.contacts, c)
	}
	return p
}

// Joined fields each have their length in front, as a varint.

func appendField(to []byte, field string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(field))), field...)
}

func appendFields[T ~string](to []byte, list []T) []byte {
	for _, field := range list {
		to = appendField(to, string(field))
	}
	return to
}

// cutField returns the first of joined fields, and what follows it.
func cutField(joined string) (field, rest string) {
	length, at := uint64(joined[0]&0x7f), 1
	for shift := 7; joined[at-1] >= 0x80; shift += 7 {
		length |= uint64(joined[at]&0x7f) << shift
		at++
	}
	end := at + int(length)
	return joined[at:end], joined[end:]
}

// fields yields joined fields.
func fields(joined string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := joined; rest != ""; {
			var field string
			if field, rest = cutField(rest); !yield(field) {
				return
			}
		}
	}
}
