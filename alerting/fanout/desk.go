package fanout

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A Publisher is who publishes through the desk: a token's name, and what it may address.
type Publisher struct {
	Name       string
	MayAddress func(alerting.Area) bool
}

// A Desk publishes for people: what HTTP and the command line do. It refuses what the router would
// reject before anything is published.
type Desk struct {
	Board *tracking.Board
	Atlas alerting.Atlas
	// Submit publishes on an area's subject, durably.
	Submit func(ctx context.Context, area alerting.Area, producer string, body []byte) (sequence uint64, err error)
	// Await waits for the router's verdict on a message.
	Await func(ctx context.Context, key alerting.Key) (alerting.Verdict, error)
	// Admission refuses what there is no room for. Nil refuses nothing.
	Admission *Admission
	Now       func() time.Time
}

// verdictPatience is how long a publisher is kept waiting for the verdict, from the request on: with an
// election before the alert is durable it has its answer within 10 s. The alert is judged even if
// nobody waits.
const verdictPatience = 8 * time.Second

// VerdictPending stands where the router has not judged yet: the alert is durable all the same.
const VerdictPending = "pending"

// Read judges an alert as Publish would, and publishes nothing.
func (d Desk) Read(p Publisher, body []byte) (alert alerting.Alert, warnings []alerting.Problem, err error) {
	now := d.Now()
	in := alerting.Intake{Now: now, Atlas: d.Atlas, DefaultSent: now, MayAddress: p.MayAddress}
	alert, warnings, err = in.Decode(body)
	if err != nil || alert.ID == "" {
		return alert, warnings, err
	}
	return alert, warnings, d.conflict(p, alert, body)
}

// conflict finds out early what the router would say of a repeated identity.
func (d Desk) conflict(p Publisher, alert alerting.Alert, body []byte) error {
	identity := alerting.Identity{Producer: p.Name, Sender: alert.Sender, ID: alert.ID}.Hash()
	known, key, _, ok := d.Board.Known(identity)
	if !ok {
		return nil
	}
	content, err := alerting.ContentHash(body)
	if err != nil {
		return err
	}
	if content != known.Content {
		return alerting.Errorf(alerting.CodeConflict, "an alert with the id %q from %q says something else already (%s); give a new id, or update that one", alert.ID, alert.Sender, key)
	}
	return nil
}

// Publish publishes one alert on the narrowest subject that covers its areas. When it returns
// without error the alert is durable. The verdict is the router's, or VerdictPending where none came
// in time, or where too many wait for one or it has to wait for room.
func (d Desk) Publish(ctx context.Context, p Publisher, body []byte) (alerting.Verdict, error) {
	alert, warnings, err := d.Read(p, body)
	if err != nil {
		return alerting.Verdict{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, verdictPatience)
	defer cancel()
	area := d.Atlas.Narrowest(alert.Areas)
	sequence, err := d.submit(ctx, p, area, alert, body)
	if err != nil {
		return alerting.Verdict{}, err
	}
	pending := alerting.Verdict{Key: alerting.KeyOf(sequence), Verdict: VerdictPending, Sequence: sequence, Subject: area.Subject(), ID: alert.ID, Sender: alert.Sender, Warnings: warnings}
	leave, ok := d.Admission.wait(alert)
	if !ok {
		return pending, nil
	}
	defer leave()
	verdict, err := d.Await(waiting, pending.Key)
	if err != nil {
		return pending, nil
	}
	if verdict.Verdict == alerting.VerdictRejected {
		return verdict, &alerting.Error{Code: verdict.Reason, Detail: verdict.Detail, Problems: verdict.Problems}
	}
	// The alert is accepted whether this process has read of it yet or not: whoever reads by the
	// verdict's sequence waits for it.
	_ = d.Board.Wait(waiting, verdict.Ledger)
	return verdict, nil
}

// submit makes an alert durable, unless there is no room for it.
func (d Desk) submit(ctx context.Context, p Publisher, area alerting.Area, alert alerting.Alert, body []byte) (sequence uint64, err error) {
	leave, err := d.Admission.enter(ctx, alert)
	if err != nil {
		return 0, err
	}
	defer leave()
	return d.Submit(ctx, area, p.Name, body)
}

// Correct publishes an update or a cancel of an alert: its fields, but for those that changes (a
// JSON object, or empty) gives anew.
func (d Desk) Correct(ctx context.Context, p Publisher, key alerting.Key, kind alerting.MessageType, changes []byte) (alerting.Verdict, error) {
	body, err := d.Correction(key, kind, changes)
	if err != nil {
		return alerting.Verdict{}, err
	}
	return d.Publish(ctx, p, body)
}

// Correction writes the alert that Correct publishes.
func (d Desk) Correction(key alerting.Key, kind alerting.MessageType, changes []byte) ([]byte, error) {
	unread := d.Board.Recall(key) // it says what the original says
	original, ok := d.Board.Opened(key)
	if !ok {
		return nil, alerting.Errorf(alerting.CodeNotFound, "no alert has the key %q", key)
	}
	if head, _ := d.Board.Head(key); head.Phase == tracking.Canceled {
		return nil, alerting.Errorf(alerting.CodeConflict, "%s was withdrawn already, by %s", key, head.ReplacedBy)
	}
	if unread != nil && original.Alert.Shortened() && kind == alerting.TypeUpdate { // a withdrawal must go out
		return nil, alerting.Errorf(alerting.CodeUnavailable, "what %s says can't be read at present; try again, or publish an update that says all of it itself", key)
	}
	if kind == alerting.TypeCancel {
		original.Alert = original.Alert.Brief() // a withdrawal says nothing new, and should make room
	}
	copied, err := marshal(original.Alert)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(copied, &fields); err != nil {
		return nil, err
	}
	for _, own := range []string{"id", "sent", "expires"} {
		delete(fields, own)
	}
	if kind == alerting.TypeCancel {
		delete(fields, "responses") // there is nothing left to answer but that it was read
	}
	if len(changes) > 0 {
		var changed map[string]json.RawMessage
		if err := json.Unmarshal(changes, &changed); err != nil {
			return nil, alerting.Errorf(alerting.CodeMalformed, "the correction is not a JSON object: %v", err)
		}
		for field, value := range changed {
			fields[field] = value
		}
	}
	fields["type"], fields["references"], fields["status"] = kind, []string{string(key)}, original.Alert.Status
	return marshal(fields)
}

// marshal writes JSON without the escapes for HTML, which would swell a text beyond its bound.
func marshal(v any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(body.Bytes()), nil
}
