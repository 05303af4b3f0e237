package engine

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"revere/alerting"
)

// Durable things are CBOR (RFC 8949) with small integers for keys: a third of JSON's size, and a
// reader skips what a later version adds. Times are RFC 3339 text: exact, and readable in a dump.
var encoding = func() cbor.UserBufferEncMode {
	mode, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano, Sort: cbor.SortNone}.UserBufferEncMode()
	if err != nil {
		panic(err) // the options above are constants
	}
	return mode
}()

// decoding takes strings as they are: what a provider or a phone sent that is not UTF-8 must not
// make the message unreadable that holds it. A message is bounded by its bytes, not its elements.
var decoding = func() cbor.DecMode {
	mode, err := cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid, MaxArrayElements: MaxPayload}.DecMode()
	if err != nil {
		panic(err) // the options above are constants
	}
	return mode
}()

func encode(v any) ([]byte, error) { return encoding.Marshal(v) }

func decode(data []byte, v any) error {
	if err := decoding.Unmarshal(data, v); err != nil {
		return fmt.Errorf("stored message can't be read: %w", err)
	}
	return nil
}

// A storedRecord is a record as it is stored: what there is much of is packed. What a version before
// has written in CBOR is read as it is.
type storedRecord[Packed []byte | packedText] struct {
	alerting.Record
	PackedManifest Packed `cbor:"14,keyasint,omitempty"`
	PackedSteps    Packed `cbor:"15,keyasint,omitempty"`
}

// packedText is packed bytes as they are read: one string, of which the texts are parts.
type packedText string

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (t *packedText) UnmarshalBinary(data []byte) error {
	*t = packedText(data)
	return nil
}

func encodeRecord(r *alerting.Record, to *bytes.Buffer) (err error) {
	defer alerting.Rescue(&err) // it may be on a goroutine of its own
	p := packings.Get().(*packing)
	defer p.release()
	s := storedRecord[[]byte]{Record: *r}
	if r.Manifest != nil {
		s.PackedManifest, s.Manifest = p.manifest(r.Manifest), nil
	}
	if len(r.Attempts)+len(r.Results) > 0 {
		s.PackedSteps, s.Attempts, s.Results = p.steps(r.Attempts, r.Results), nil, nil
	}
	return encoding.MarshalToBuffer(&s, to)
}

func decodeRecords(data []byte) ([]alerting.Record, error) {
	var stored []storedRecord[packedText]
	if err := decode(data, &stored); err != nil {
		return nil, err
	}
	records := make([]alerting.Record, len(stored))
	for i := range stored {
		if err := unpack(&stored[i]); err != nil {
			return nil, fmt.Errorf("stored message can't be read: %w", err)
		}
		records[i] = stored[i].Record
	}
	return records, nil
}

func unpack(s *storedRecord[packedText]) (err error) {
	if s.PackedManifest != "" {
		if s.Manifest, err = unpackManifest(s.PackedManifest); err != nil {
			return err
		}
	}
	if s.PackedSteps != "" {
		s.Attempts, s.Results, err = unpackSteps(s.PackedSteps)
	}
	return err
}
