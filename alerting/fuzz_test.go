package alerting_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// Whatever comes in is taken or refused with a reason; what is taken, written again, is the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"areas": [null], "references": [null], "responses": [null], "sent": null}`))
	f.Add(fields(f, nil))
	f.Add(fields(f, map[string]any{"references": []string{}, "category": []string{"CBRNE"}, "responses": []any{}, "areas": []string{"ma", "ma.boston"}}))
	f.Add(fields(f, map[string]any{"headline": nil, "description": "<b>\u2028 𝄞 \\ud800", "expires": "2026-11-04T00:00:00.0009+14:00",
		"responses": []any{map[string]any{"key": " 1 ", "label": " On it\u00a0"}}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		alert, _, err := intake().Decode(raw)
		if err != nil {
			require.NotEmpty(t, alerting.CodeOf(err))
			return
		}
		_, err = alerting.ContentHash(raw)
		require.NoError(t, err)
		again, err := json.Marshal(alert)
		require.NoError(t, err)
		if len(again) > alerting.MaxAlertBytes {
			t.Skip("escapes made it larger than an alert may be")
		}
		back, _, err := intake().Decode(again)
		require.NoError(t, err)
		assert.Equal(t, alert, back)
	})
}

// Who is judged first is decided by what a message will be found to say.
func FuzzGlance(f *testing.F) {
	f.Add(fields(f, map[string]any{"id": " a ", "severity": "extreme"}))
	f.Add(fields(f, map[string]any{"type": "cancel", "references": []string{"a5", "x,y,z"}, "severity": "minor"}))
	f.Add([]byte(`{"id": 7, "type": [], "references": "x", "Severity": "extreme"}`))
	f.Add([]byte("not JSON"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		glimpse, ok := alerting.Glance(raw)
		alert, _, err := intake().Decode(raw)
		if err != nil {
			return
		}
		require.True(t, ok)
		if glimpse.ID == "" {
			glimpse.ID = intake().DefaultID
		}
		want := alerting.Glimpse{Severity: alert.Severity, Type: alert.Type, ID: alert.ID}
		if alert.Type.Corrects() {
			want.References = alert.References
		}
		assert.Equal(t, want, glimpse)
	})
}

func FuzzAreaOfSubject(f *testing.F) {
	for _, s := range []string{"alerts.ma.boston", "alerts.us.nationwide", "alerts.ma.county-suffolk", "alerts.ma.*", "alerts..", "ma", "us.nationwide"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if area, err := alerting.AreaOfSubject(s); err == nil {
			assert.Equal(t, s, area.Subject(), "the area is the tail of its subject")
		}
		area, err := alerting.ParseArea(s)
		if err != nil {
			return
		}
		assert.Regexp(t, `^[a-z]{2}\.[a-z0-9-]+$`, string(area))
		again, err := alerting.ParseArea(string(area))
		require.NoError(t, err)
		assert.Equal(t, area, again)
		fromSubject, err := alerting.AreaOfSubject(area.Subject())
		require.NoError(t, err)
		assert.Equal(t, area, fromSubject)
	})
}

func FuzzParseRef(f *testing.F) {
	f.Add(alerting.Ref{Alert: "a17", Delivery: alerting.NewDeliveryID("a17", "sms", "+16175550100"), Attempt: 1}.String())
	f.Add("a--1")
	f.Fuzz(func(t *testing.T, s string) {
		if ref, err := alerting.ParseRef(s); err == nil {
			assert.Equal(t, strings.ToLower(s), ref.String(), "there is one way to write a ref")
		}
	})
}

func FuzzParseDeliveryID(f *testing.F) {
	f.Add(alerting.NewDeliveryID("a17", "sms", "+16175550100").String())
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := alerting.ParseDeliveryID(s); err == nil {
			assert.Equal(t, strings.ToLower(s), id.String(), "there is one way to write an id")
		}
	})
}

func FuzzParseCode(f *testing.F) {
	f.Add(" k 7q2")
	f.Add("STOP")
	f.Fuzz(func(t *testing.T, s string) {
		code := alerting.ParseCode(s)
		if code == "" {
			return
		}
		assert.Equal(t, code, alerting.ParseCode(code))
		assert.Regexp(t, `^[A-Y][2-9][A-Y][2-9]?$`, code)
	})
}
