package engine

import (
	"fmt"
	"runtime"

	"github.com/fxamacker/cbor/v2"
	"golang.org/x/sync/errgroup"

	"revere/alerting"
)

// Durable things are CBOR (RFC 8949) with small integers for keys: a third of JSON's size, and a
// reader skips what a later version adds. Times are RFC 3339 text: exact, and readable in a dump.
var encoding = func() cbor.EncMode {
	mode, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano, Sort: cbor.SortNone}.EncMode()
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
type storedRecord struct {
	alerting.Record
	PackedManifest []byte `cbor:"14,keyasint,omitempty"`
	PackedSteps    []byte `cbor:"15,keyasint,omitempty"`
}

func encodeRecord(r *alerting.Record) ([]byte, error) {
	s := storedRecord{Record: *r}
	if r.Manifest != nil {
		s.PackedManifest, s.Manifest = packManifest(r.Manifest), nil
	}
	if len(r.Attempts)+len(r.Results) > 0 {
		s.PackedSteps, s.Attempts, s.Results = packSteps(r.Attempts, r.Results), nil, nil
	}
	return encode(&s)
}

// encodeRecords encodes each record: many, which is a manifest's parts, on all processors.
func encodeRecords(records []alerting.Record) ([][]byte, error) {
	encoded := make([][]byte, len(records))
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i := range records {
		encode := func() (err error) {
			encoded[i], err = encodeRecord(&records[i])
			return err
		}
		if len(records) < fewRecords {
			if err := encode(); err != nil {
				return nil, err
			}
			continue
		}
		work.Go(encode)
	}
	return encoded, work.Wait()
}

// fewRecords are encoded sooner than others could begin to help.
const fewRecords = 8

func decodeRecords(data []byte) ([]alerting.Record, error) {
	var stored []storedRecord
	if err := decode(data, &stored); err != nil {
		return nil, err
	}
	records := make([]alerting.Record, len(stored))
	for i := range stored {
		if err := stored[i].unpack(); err != nil {
			return nil, fmt.Errorf("stored message can't be read: %w", err)
		}
		records[i] = stored[i].Record
	}
	return records, nil
}

func (s *storedRecord) unpack() (err error) {
	if s.PackedManifest != nil {
		if s.Manifest, err = unpackManifest(s.PackedManifest); err != nil {
			return err
		}
	}
	if s.PackedSteps != nil {
		s.Attempts, s.Results, err = unpackSteps(s.PackedSteps)
	}
	return err
}
