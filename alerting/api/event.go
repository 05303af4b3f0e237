package api

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// An Event is what one message of the ledger says about an alert, with deliveries and people named.
type Event struct {
	Sequence  uint64          `json:"sequence"`
	Alert     alerting.Key    `json:"alert"`
	At        time.Time       `json:"at"`
	Kinds     []string        `json:"kinds"`
	Opened    *OpenedEvent    `json:"opened,omitempty"`
	Manifest  *ManifestEvent  `json:"manifest,omitempty"`
	Withdrawn *WithdrawnEvent `json:"withdrawn,omitempty"`
	Activated []DeliveryEvent `json:"activated,omitempty"`
	Attempts  []DeliveryEvent `json:"attempts,omitempty"`
	Results   []DeliveryEvent `json:"results,omitempty"`
	Answers   []AnswerEvent   `json:"answers,omitempty"`
	Notices   []NoticeEvent   `json:"notices,omitempty"`
	Remarks   []RemarkEvent   `json:"remarks,omitempty"`
	Expired   bool            `json:"expired,omitempty"`
}

// An OpenedEvent says that the alert was accepted, or is now for more areas.
type OpenedEvent struct {
	Code     string               `json:"code"`
	Producer string               `json:"producer"`
	Status   alerting.Status      `json:"status"`
	Type     alerting.MessageType `json:"type"`
	Severity alerting.Severity    `json:"severity"`
	Title    string               `json:"title"`
	Areas    []alerting.Area      `json:"areas"`
	Corrects []alerting.Key       `json:"corrects,omitempty"`
}

// A ManifestEvent says how many people the alert goes to, and how many messages that takes.
type ManifestEvent struct {
	Revision  uint64          `json:"directory_revision"`
	People    int             `json:"people"`
	Due       int             `json:"due"`
	Reserve   int             `json:"reserve"`
	Uncovered []alerting.Area `json:"uncovered,omitempty"`
}

// A WithdrawnEvent says which correction replaced the alert.
type WithdrawnEvent struct {
	By   alerting.Key         `json:"by"`
	Type alerting.MessageType `json:"type"`
}

// A DeliveryEvent is something that happened to a delivery. State is what became of the attempt that
// it is about; the delivery itself shows its highest evidence.
type DeliveryEvent struct {
	// At is when an attempt may have been made that is told among attempts and is unknown: by the system before a
	// restore, then or later.
	At                time.Time       `json:"at,omitzero"`
	ID                string          `json:"id"`
	Channel           string          `json:"channel"`
	Address           string          `json:"address"`
	Names             []string        `json:"names"`
	Areas             []alerting.Area `json:"areas"`
	Attempt           int             `json:"attempt,omitempty"`
	State             alerting.State  `json:"state"`
	Code              string          `json:"code,omitempty"`
	Reason            string          `json:"reason,omitempty"`
	RetryAt           time.Time       `json:"retry_at,omitzero"`
	Receipt           bool            `json:"receipt,omitempty"`
	PossibleDuplicate bool            `json:"possible_duplicate,omitempty"`
}

// An AnswerEvent is an answer, and for whom it counts.
type AnswerEvent struct {
	Subscribers []string        `json:"subscribers"`
	Names       []string        `json:"names"`
	Areas       []alerting.Area `json:"areas"`
	Via         alerting.Via    `json:"via"`
	Channel     string          `json:"channel,omitempty"`
	Address     string          `json:"address,omitempty"`
	Response    string          `json:"response,omitempty"`
	Label       string          `json:"label,omitempty"`
	Note        string          `json:"note,omitempty"`
	By          string          `json:"by,omitempty"`
	Retracted   bool            `json:"retracted,omitempty"`
}

// A NoticeEvent is a confirmation or a help text that is due.
type NoticeEvent struct {
	Channel string              `json:"channel"`
	Address string              `json:"address"`
	Kind    alerting.NoticeKind `json:"kind"`
}

// A RemarkEvent is something that the desk must see.
type RemarkEvent struct {
	Kind        alerting.RemarkKind `json:"kind"`
	Subscribers []string            `json:"subscribers"`
	Names       []string            `json:"names"`
	Areas       []alerting.Area     `json:"areas"`
	Channel     string              `json:"channel,omitempty"`
	Detail      string              `json:"detail"`
}

// event tells a message of the ledger.
func (s *Server) event(key alerting.Key, m ledgerMessage) Event {
	e := Event{Sequence: m.sequence, Alert: key, Kinds: []string{}}
	for i := range m.records {
		r := &m.records[i]
		e.At = r.At
		e.addLife(r)
		s.addDeliveries(&e, r)
		s.addDoubts(&e, r)
		s.addPeople(&e, r)
	}
	return e
}

// kind notes that there is something of a kind in the event.
func (e *Event) kind(name string) {
	if !slices.Contains(e.Kinds, name) {
		e.Kinds = append(e.Kinds, name)
	}
}

// addLife adds what the alert itself went through.
func (e *Event) addLife(r *alerting.Record) {
	if o := r.Opened; o != nil {
		e.kind("opened")
		e.Opened = &OpenedEvent{Code: o.Code, Producer: o.Producer, Status: o.Alert.Status, Type: o.Alert.Type, Severity: o.Alert.Severity,
			Title: o.Alert.Title(), Areas: o.Alert.Areas, Corrects: o.Corrects}
	}
	if m := r.Manifest; m != nil {
		e.kind("manifest")
		e.addManifest(m)
	}
	if w := r.Withdrawn; w != nil {
		e.kind("withdrawn")
		e.Withdrawn = &WithdrawnEvent{w.By, w.Type}
	}
	if r.Expired {
		e.kind("expired")
		e.Expired = true
	}
}

// addManifest adds one part of a manifest; a message may hold several.
func (e *Event) addManifest(m *alerting.Manifest) {
	if e.Manifest == nil {
		e.Manifest = &ManifestEvent{Revision: m.Revision}
	}
	e.Manifest.People += len(m.Recipients)
	e.Manifest.Uncovered = append(e.Manifest.Uncovered, m.Uncovered...)
	for _, d := range m.Deliveries {
		switch {
		case d.Active:
			e.Manifest.Due++
		case d.Suppressed == "":
			e.Manifest.Reserve++
		}
	}
}

// addDeliveries adds what happened to deliveries.
func (s *Server) addDeliveries(e *Event, r *alerting.Record) {
	for _, x := range r.Activated {
		e.kind("activated")
		d := s.delivery(e.Alert, x.Delivery)
		d.State, d.Reason = alerting.Queued, x.Reason
		e.Activated = append(e.Activated, d)
	}
	for _, x := range r.Attempts {
		e.kind("attempts")
		d := s.delivery(e.Alert, x.Delivery)
		d.State, d.Attempt, d.PossibleDuplicate = alerting.Attempting, x.Attempt, x.PossibleDuplicate
		e.Attempts = append(e.Attempts, d)
	}
	for _, x := range r.Results {
		e.kind("results")
		d := s.delivery(e.Alert, x.Delivery)
		d.State, d.Attempt, d.Code, d.Reason, d.RetryAt, d.Receipt = x.State, x.Attempt, x.Code, x.Reason, x.RetryAt, x.Receipt
		e.Results = append(e.Results, d)
	}
	for _, x := range r.Notices {
		e.kind("notices")
		e.Notices = append(e.Notices, NoticeEvent{x.Channel, x.Address, x.Kind})
	}
}

// addPeople adds what people answered, and what the desk must see.
func (s *Server) addPeople(e *Event, r *alerting.Record) {
	for _, x := range r.Answers {
		e.kind("answers")
		subscribers, names, areas := s.people(e.Alert, x.Recipients)
		a := AnswerEvent{Subscribers: subscribers, Names: names, Areas: areas, Via: x.Via, Channel: x.Channel, Address: x.Address,
			Response: x.Response, Note: x.Note, By: x.By, Retracted: x.Retracted}
		if opened, ok := s.Board.Opened(e.Alert); ok {
			offered, _ := opened.Alert.Response(x.Response)
			a.Label = offered.Label
		}
		e.Answers = append(e.Answers, a)
	}
	for _, x := range r.Remarks {
		e.kind("remarks")
		subscribers, names, areas := s.people(e.Alert, x.Recipients)
		e.Remarks = append(e.Remarks, RemarkEvent{x.Kind, subscribers, names, areas, x.Channel, x.Detail})
	}
}

// delivery names the delivery with an index.
func (s *Server) delivery(key alerting.Key, index uint32) DeliveryEvent {
	views, _ := s.Board.Deliveries(key, int(index), 1, nil)
	if len(views) == 0 || views[0].Index != index {
		return DeliveryEvent{Names: []string{}, Areas: []alerting.Area{}}
	}
	return named(&views[0])
}

func named(v *tracking.DeliveryView) DeliveryEvent {
	return DeliveryEvent{ID: v.ID.String(), Channel: v.Channel, Address: v.Address, Names: v.Names, Areas: v.Areas}
}

// people names the recipients with these indexes.
func (s *Server) people(key alerting.Key, indexes []uint32) (subscribers, names []string, areas []alerting.Area) {
	subscribers, names, areas = []string{}, []string{}, []alerting.Area{}
	for _, i := range indexes {
		views, _ := s.Board.People(key, int(i), 1, nil)
		for _, p := range views { // one, or none
			subscribers, names = append(subscribers, p.Subscriber), append(names, p.Name)
			for _, a := range p.Areas {
				if !slices.Contains(areas, a) {
					areas = append(areas, a)
				}
			}
		}
	}
	return subscribers, names, areas
}
