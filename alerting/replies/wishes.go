package replies

import (
	"context"
	"strings"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
)

// optOut keeps that a person wants nothing more on a channel, stops what is due there, and shows
// the desk the gap that it leaves in every open alert.
func (p *Processor) optOut(ctx context.Context, f alerting.Inbound) ([]alerting.Record, string, error) {
	if err := p.OptOut(ctx, f.Channel, f.From, "the person sent STOP"); err != nil {
		return nil, "", err
	}
	faults.Reach(faults.AfterStop)
	open := p.openPlaces(f)
	records := remarkIn(open, f, alerting.RemarkOptOut, "sent STOP: no more messages on "+f.Channel)
	for i, place := range open {
		if place.State == alerting.Queued {
			records[i].Results = []alerting.Result{{Delivery: place.Delivery, State: alerting.Suppressed, Reason: "opted out: the person sent STOP"}}
		}
	}
	return records, "opted out", nil
}

// optIn keeps that a person wants messages again. The remark makes due what STOP held back.
func (p *Processor) optIn(ctx context.Context, f alerting.Inbound) ([]alerting.Record, string, error) {
	if err := p.OptIn(ctx, f.Channel, f.From); err != nil {
		return nil, "", err
	}
	return remarkIn(p.openPlaces(f), f, alerting.RemarkOptIn, "sent START: messages on "+f.Channel+" again"), "opted in", nil
}

// openPlaces are the open alerts that the address is part of.
func (p *Processor) openPlaces(f alerting.Inbound) []tracking.Place {
	var open []tracking.Place
	for _, place := range p.Board.PlacesOf(f.Channel, f.From) {
		if place.Phase == tracking.Open {
			open = append(open, place)
		}
	}
	return open
}

// remarkIn notes at each place what its people did.
func remarkIn(places []tracking.Place, f alerting.Inbound, kind alerting.RemarkKind, did string) []alerting.Record {
	records := make([]alerting.Record, len(places))
	for i, place := range places {
		records[i] = alerting.Record{Alert: place.Key, At: moment(f.At), Remarks: []alerting.Remark{{
			Kind: kind, Recipients: place.Recipients, Channel: f.Channel, Address: f.From, Detail: strings.Join(place.Names, ", ") + " " + did,
		}}}
	}
	return records
}
