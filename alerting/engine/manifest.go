package engine

import (
	"encoding/binary"
	"errors"
	"strings"

	"revere/alerting"
)

// A manifest names a hundred thousand people. It is stored packed: rows of texts and numbers, with
// the lists that recur in tables before them, a fifth of the work that CBOR takes with it.
//
// The form, after a version: revision, hash, part and parts; the channels; the deliveries, each its
// channel's place with two flags, its address and why it is suppressed; the lists of areas, the lists
// of teams, the languages; the recipients, each its id, name and organization, places in those
// tables, a flag and its contacts; the areas that are uncovered. Numbers are unsigned LEB128, texts
// and lists have their length before them.
const manifestVersion = 1

// The flags of a delivery, below its channel, and that of a recipient.
const (
	flagActive     = 1
	flagSuppressed = 2
	deliveryFlags  = 2 // bits

	flagShared = 1
)

func packManifest(m *alerting.Manifest) []byte {
	p := packer{data: make([]byte, 0, 64*(len(m.Deliveries)+len(m.Recipients))+256)}
	p.number(manifestVersion)
	p.number(m.Revision)
	p.text(string(m.Hash))
	p.number(uint64(m.Part))
	p.number(uint64(m.Parts))
	p.deliveries(m.Deliveries)
	p.recipients(m.Recipients)
	p.texts(plain(m.Uncovered))
	return p.data
}

type packer struct{ data []byte }

func (p *packer) number(n uint64) { p.data = binary.AppendUvarint(p.data, n) }

func (p *packer) text(s string) {
	p.number(uint64(len(s)))
	p.data = append(p.data, s...)
}

func (p *packer) texts(list []string) {
	p.number(uint64(len(list)))
	for _, s := range list {
		p.text(s)
	}
}

func (p *packer) deliveries(all []alerting.Planned) {
	var channels table
	for i := range all {
		channels.place([]string{all[i].Channel})
	}
	p.table(channels)
	p.number(uint64(len(all)))
	for i := range all {
		d := &all[i]
		head := channels.place([]string{d.Channel}) << deliveryFlags
		if d.Active {
			head |= flagActive
		}
		if d.Suppressed != "" {
			head |= flagSuppressed
		}
		p.number(head)
		p.text(d.Address)
		if d.Suppressed != "" {
			p.text(d.Suppressed)
		}
	}
}

func (p *packer) recipients(all []alerting.Recipient) {
	var areas, teams, languages table
	for i := range all {
		areas.place(plain(all[i].Areas))
		teams.place(all[i].Teams)
		languages.place([]string{all[i].Language})
	}
	p.table(areas)
	p.table(teams)
	p.table(languages)
	p.number(uint64(len(all)))
	for i := range all {
		r := &all[i]
		p.text(r.Subscriber)
		p.text(r.Name)
		p.text(r.Organization)
		p.number(areas.place(plain(r.Areas)))
		p.number(teams.place(r.Teams))
		p.number(languages.place([]string{r.Language}))
		shared := uint64(0)
		if r.Shared {
			shared = flagShared
		}
		p.number(shared)
		p.number(uint64(len(r.Contacts)))
		for _, c := range r.Contacts {
			p.number(uint64(c))
		}
	}
}

func (p *packer) table(t table) {
	p.number(uint64(len(t.lists)))
	for _, list := range t.lists {
		p.texts(list)
	}
}

// A table holds each of the lists that recur once.
type table struct {
	places map[string]uint64
	lists  [][]string
}

// place is where the table has a list. It takes in one that it does not have.
func (t *table) place(list []string) uint64 {
	key := ""
	switch len(list) {
	case 0:
	case 1:
		key = list[0]
	default:
		key = strings.Join(list, "\x00") + "\x00"
	}
	if len(list) == 1 && key == "" {
		key = "\x00" // a list of one empty text is not the empty list
	}
	at, known := t.places[key]
	if !known {
		if t.places == nil {
			t.places = map[string]uint64{}
		}
		at = uint64(len(t.lists))
		t.places[key] = at
		t.lists = append(t.lists, list)
	}
	return at
}

func plain[T ~string](list []T) []string {
	if len(list) == 0 {
		return nil
	}
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = string(x)
	}
	return texts
}

var errPacked = errors.New("the packed manifest is damaged")

// unpackManifest reads what packManifest wrote. Its texts are parts of one string.
func unpackManifest(data []byte) (m *alerting.Manifest, err error) {
	u := unpacker{rest: string(data)}
	if u.number() != manifestVersion {
		return nil, errors.New("the packed manifest is of another version")
	}
	m = &alerting.Manifest{Revision: u.number(), Hash: []byte(u.text()), Part: int(u.number()), Parts: int(u.number())}
	m.Deliveries = u.deliveries()
	m.Recipients = u.recipients()
	m.Uncovered = named[alerting.Area](u.texts())
	if u.damaged || u.rest != "" {
		return nil, errPacked
	}
	return m, nil
}

// An unpacker reads a packed manifest from its front. Once it finds damage it reads nothing more.
type unpacker struct {
	rest    string
	damaged bool
}

func (u *unpacker) number() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		if u.rest == "" {
			break
		}
		b := u.rest[0]
		u.rest = u.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	u.damage()
	return 0
}

func (u *unpacker) damage() { u.damaged, u.rest = true, "" }

// count is a number of things that follow, each of at least one byte.
func (u *unpacker) count() int {
	n := u.number()
	if n > uint64(len(u.rest)) {
		u.damage()
		return 0
	}
	return int(n)
}

func (u *unpacker) text() string {
	n := u.count()
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

func (u *unpacker) texts() []string {
	n := u.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = u.text()
	}
	return list
}

func (u *unpacker) table() [][]string {
	lists := make([][]string, u.count())
	for i := range lists {
		lists[i] = u.texts()
	}
	return lists
}

func (u *unpacker) deliveries() []alerting.Planned {
	channels := u.table()
	n := u.count()
	if n == 0 {
		return nil
	}
	all := make([]alerting.Planned, n)
	for i := range all {
		head := u.number()
		all[i] = alerting.Planned{Channel: only(pick(u, channels, head>>deliveryFlags)), Active: head&flagActive != 0, Address: u.text()}
		if head&flagSuppressed != 0 {
			all[i].Suppressed = u.text()
		}
	}
	return all
}

func (u *unpacker) recipients() []alerting.Recipient {
	areas, teams, languages := each(u.table(), named[alerting.Area]), u.table(), u.table()
	n := u.count()
	if n == 0 {
		return nil
	}
	all, contacts := make([]alerting.Recipient, n), make([]uint32, 0, 2*n)
	for i := range all {
		all[i] = alerting.Recipient{
			Subscriber: u.text(), Name: u.text(), Organization: u.text(),
			Areas: pick(u, areas, u.number()), Teams: pick(u, teams, u.number()), Language: only(pick(u, languages, u.number())), Shared: u.number() == flagShared,
		}
		from := len(contacts)
		for range u.count() {
			contacts = append(contacts, uint32(u.number()))
		}
		if len(contacts) > from {
			all[i].Contacts = contacts[from:len(contacts):len(contacts)]
		}
	}
	return all
}

// pick is one of a table's lists.
func pick[T any](u *unpacker, lists [][]T, at uint64) []T {
	if at >= uint64(len(lists)) {
		u.damage()
		return nil
	}
	return lists[at]
}

func only(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func each[T, U any](all []T, change func(T) U) []U {
	changed := make([]U, len(all))
	for i, x := range all {
		changed[i] = change(x)
	}
	return changed
}

func named[T ~string](list []string) []T {
	if len(list) == 0 {
		return nil
	}
	names := make([]T, len(list))
	for i, s := range list {
		names[i] = T(s)
	}
	return names
}
