package engine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

var manifests = map[string]*alerting.Manifest{
	"nobody": {Parts: 1},
	"a desk and a town": {
		Revision: 7, Hash: []byte{0, 1, 255}, Part: 3, Parts: 9,
		Deliveries: []alerting.Planned{
			{Channel: "sms", Address: "+16175550101", Active: true}, {Channel: "email", Address: "clerk@boston.gov"},
			{Channel: "sms", Address: "+16175550102", Suppressed: "opted out (STOP)"}, {},
		},
		Recipients: []alerting.Recipient{
			{Subscriber: "ada", Name: "Ada ✓", Organization: "Boston", Areas: []alerting.Area{"ma.boston"}, Language: "en", Contacts: []uint32{0, 1}, Teams: []string{"emc", "fire"}},
			{Subscriber: "bo", Name: "Bo", Areas: []alerting.Area{"ma.boston", "ma.chelsea"}, Shared: true, Contacts: []uint32{2}},
			{Subscriber: "cy", Areas: []alerting.Area{""}, Teams: []string{"emc\x00fire"}},
			{},
		},
		Uncovered: []alerting.Area{"ma.revere"},
	},
}

func TestAManifestIsReadAsItWasWritten(t *testing.T) {
	for name, m := range manifests {
		t.Run(name, func(t *testing.T) {
			messages, err := Pack([]alerting.Record{{Alert: "a1", Manifest: m}})
			require.NoError(t, err)
			records, err := decodeRecords(messages[0])
			require.NoError(t, err)
			require.Len(t, records, 1)
			require.NotNil(t, records[0].Manifest)
			if m.Hash == nil {
				records[0].Manifest.Hash = nil
			}
			assert.Equal(t, m, records[0].Manifest)
		})
	}
}

// What a version before wrote is still the record.
func TestAManifestInCBORIsRead(t *testing.T) {
	m := manifests["a desk and a town"]
	data, err := encode([]alerting.Record{{Alert: "a1", Manifest: m}})
	require.NoError(t, err)
	records, err := decodeRecords(data)
	require.NoError(t, err)
	assert.Equal(t, m, records[0].Manifest)
}

func packedManifest(m *alerting.Manifest) packedText { return packedText(new(packing).manifest(m)) }

func TestADamagedManifestIsAnError(t *testing.T) {
	whole := packedManifest(manifests["a desk and a town"])
	for n := range whole {
		_, err := unpackManifest(whole[:n])
		require.Error(t, err, "cut off after %d bytes", n)
	}
	_, err := unpackManifest(whole + "\x00")
	require.Error(t, err, "something follows")
}

func FuzzUnpackManifest(f *testing.F) {
	for _, m := range manifests {
		f.Add([]byte(packedManifest(m)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := unpackManifest(packedText(data))
		if err != nil {
			return
		}
		again, err := unpackManifest(packedManifest(m))
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}
