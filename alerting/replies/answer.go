package replies

import (
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/replies/grammar"
	"revere/alerting/tracking"
	"revere/alerting/wording"
)

// reply deals with what a person wrote.
func (p *Processor) reply(f alerting.Inbound) ([]alerting.Record, string) {
	said := grammar.Parse(f.Text)
	places := p.placesOf(f)
	switch {
	case len(places) == 0:
		p.Log.Info().Str("channel", f.Channel).Msg("a reply from an address that no alert went to; nothing recorded")
		return nil, "stranger"
	case said.Kind == grammar.Tapback || said.Kind == grammar.Empty:
		return nil, "ignored"
	case said.Kind != grammar.Ack:
		return p.help(f, places, wording.NotUnderstood)
	case said.Code == "":
		return p.plain(f, places, said)
	}
	i := slices.IndexFunc(places, func(x tracking.Place) bool { return x.Code == said.Code })
	if i < 0 {
		return p.help(f, places, wording.WrongCode(said.Code))
	}
	return p.answer(f, places, places[i], said, alerting.ViaReply)
}

// placesOf are where the sender of a reply stands in the alerts that were open when it came in. It may be
// dealt with long after that, and answers nothing that was opened since.
func (p *Processor) placesOf(f alerting.Inbound) []tracking.Place {
	return slices.DeleteFunc(p.Board.PlacesOf(f.Channel, f.From), func(x tracking.Place) bool { return x.Opened.After(f.At.Add(clocksDiffer)) })
}

// clocksDiffer is by how much those of two of Revere's processes may: one notes when an alert was opened,
// another when a reply came in. Nobody answers faster.
const clocksDiffer = time.Second

// plain deals with an answer without a code: it is for the one alert that is open for the address.
func (p *Processor) plain(f alerting.Inbound, places []tracking.Place, said grammar.Reply) ([]alerting.Record, string) {
	switch open := openTo(places); len(open) {
	case 0:
		return p.help(f, places, wording.NoneOpen)
	case 1:
		return p.answer(f, places, open[0], said, alerting.ViaReply)
	default:
		return p.help(f, places, wording.SeveralOpen)
	}
}

// openTo picks the alerts that have gone out to the address and still take place.
func openTo(places []tracking.Place) []tracking.Place {
	return slices.DeleteFunc(slices.Clone(places), func(x tracking.Place) bool { return x.Phase != tracking.Open || !x.WentOut })
}

// quote deals with an answer to one message of ours: the message says which alert is meant, and
// whatever the person wrote shows that they have it.
func (p *Processor) quote(f alerting.Inbound) ([]alerting.Record, string) {
	places := p.Board.PlacesOf(f.Channel, f.From)
	said := grammar.Parse(f.Text)
	if said.Kind == grammar.Ack && said.Code != "" {
		return p.reply(f)
	}
	i := slices.IndexFunc(places, func(x tracking.Place) bool { return sentAny(x, f.About) })
	if i < 0 {
		return p.reply(f)
	}
	if said.Kind != grammar.Ack {
		said = grammar.Reply{Kind: grammar.Ack, Note: note(f.Text)}
	}
	return p.answer(f, places, places[i], said, alerting.ViaQuote)
}

// note bounds what a person wrote to what is kept.
func note(s string) string {
	if r := []rune(s); len(r) > grammar.MaxNote {
		return string(r[:grammar.MaxNote])
	}
	return s
}

// reaction deals with an emoji on one of our messages, and with its removal.
func (p *Processor) reaction(f alerting.Inbound) ([]alerting.Record, string) {
	places := p.Board.PlacesOf(f.Channel, f.From)
	i := slices.IndexFunc(places, func(x tracking.Place) bool { return sentAny(x, f.About) })
	if !grammar.IsAcknowledgement(f.Text) {
		return nil, "ignored"
	}
	if i < 0 {
		return p.unnamed(f, places)
	}
	place := places[i]
	if f.Kind == alerting.InboundReaction {
		return p.answer(f, places, place, grammar.Reply{Kind: grammar.Ack}, alerting.ViaReaction)
	}
	if !place.Reacted {
		return nil, "ignored"
	}
	answer := alerting.Answer{Recipients: place.Recipients, Channel: place.Channel, Address: place.Address, Via: alerting.ViaReaction, Retracted: true}
	record := alerting.Record{Alert: place.Key, At: moment(f.At), Answers: []alerting.Answer{answer}}
	if place.OnlyReacted && place.Phase == tracking.Open {
		p.confirm(&record, place, p.Desk.Retracted(about(place), wording.Answer{For: place.Names, At: f.At}))
	}
	return []alerting.Record{record}, "retracted"
}

// unnamed deals with a reaction to a message that is none of our alerts. It may be one whose name we never learned:
// the answer of the bridge was lost, or the system before a restore has sent it. A reaction names nothing but that,
// so that it can't be told of which alert it is; its sender is told how to answer, and the desk sees it. Not so where
// they have answered, or it is to what we answered them: that is a courtesy.
func (p *Processor) unnamed(f alerting.Inbound, places []tracking.Place) ([]alerting.Record, string) {
	mayBe := func(x tracking.Place) bool { return x.Unnamed && x.Answered == nil }
	courtesy := func(x tracking.Place) bool { return names(f.About, x.Notices) }
	if f.Kind != alerting.InboundReaction || !slices.ContainsFunc(openTo(places), mayBe) || slices.ContainsFunc(places, courtesy) {
		return nil, "ignored"
	}
	return p.help(f, places, wording.NotUnderstood)
}

func sentAny(x tracking.Place, ids []string) bool { return names(ids, x.Sent) }

// names reports whether one of the ids is among what was sent.
func names(ids, sent []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(sent, id) })
}

// answer records an acknowledgement, or says why it can't be.
func (p *Processor) answer(f alerting.Inbound, places []tracking.Place, place tracking.Place, said grammar.Reply, via alerting.Via) ([]alerting.Record, string) {
	if why, refused := refusal(place, said.Response); refused {
		return p.help(f, places, why)
	}
	record := alerting.Record{Alert: place.Key, At: moment(f.At), Answers: []alerting.Answer{{
		Recipients: place.Recipients, Channel: place.Channel, Address: place.Address, Via: via, Response: said.Response, Note: said.Note,
	}}}
	answer := wording.Answer{For: place.Names, At: f.At, Response: said.Response, Noted: said.Note != ""}
	text := p.Desk.Confirmation(about(place), answer)
	if before := place.Answered; before != nil && before.Response == said.Response && said.Note == "" {
		answer.At = before.At
		text = p.Desk.Repeated(about(place), answer)
	}
	p.confirm(&record, place, text)
	return []alerting.Record{record}, "acknowledged"
}

// refusal says why an alert takes no such answer.
func refusal(place tracking.Place, response string) (wording.Reason, bool) {
	switch place.Phase {
	case tracking.Canceled:
		return wording.Withdrawn(about(place)), true
	case tracking.Updated:
		return wording.Replaced(about(place)), true
	case tracking.Expired:
		return wording.Over(about(place)), true
	}
	if _, offered := place.Alert.Response(response); response != "" && !offered {
		return wording.NotOffered(about(place), response), true
	}
	return wording.Reason{}, false
}

// mostNotices bounds what one alert makes us send back to one address, whatever comes from there.
const mostNotices = 6

func (p *Processor) confirm(record *alerting.Record, place tracking.Place, text string) {
	if place.Noticed < mostNotices {
		record.Notices = append(record.Notices, alerting.Notice{Channel: place.Channel, Address: place.Address, Kind: alerting.NoticeConfirmation, Text: text})
	}
}

// help records that a reply said nothing we could take, where the desk sees it, and tells the
// person so: once an alert.
func (p *Processor) help(f alerting.Inbound, places []tracking.Place, why wording.Reason) ([]alerting.Record, string) {
	open := openTo(places)
	place := places[0]
	if len(open) > 0 {
		place = open[0]
	}
	record := alerting.Record{Alert: place.Key, At: moment(f.At), Remarks: []alerting.Remark{{
		Kind: alerting.RemarkNotUnderstood, Recipients: place.Recipients, Channel: f.Channel, Address: f.From,
		Detail: first(place.Names) + " sent a reply that was not recorded as an answer",
	}}}
	if !place.Helped && place.Noticed < mostNotices {
		contexts := make([]wording.Context, len(open))
		for i, x := range open {
			contexts[i] = about(x)
		}
		record.Notices = []alerting.Notice{{Channel: f.Channel, Address: f.From, Kind: alerting.NoticeHelp, Text: p.Desk.Help(why, contexts)}}
	}
	return []alerting.Record{record}, "not understood"
}

func first(names []string) string {
	if len(names) == 0 {
		return "someone"
	}
	return names[0]
}

// about is the alert as the address behind a place was told about it.
func about(x tracking.Place) wording.Context {
	return wording.Context{Alert: &x.Alert, Code: x.Code, Areas: x.Areas}
}
