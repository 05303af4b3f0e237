package alerting_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

func TestDecodeFillsInWhatIsAbsent(t *testing.T) {
	in := intake()
	alert, warnings, err := in.Decode(fields(t, map[string]any{"id": nil, "sent": nil}))
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, "a42", alert.ID)
	assert.Equal(t, in.DefaultSent, alert.Sent)
	assert.Equal(t, in.DefaultSent.Add(24*time.Hour), alert.Expires)
	assert.Equal(t, alerting.TypeAlert, alert.Type)
	assert.Equal(t, alerting.TLP("CLEAR"), alert.TLP)
	assert.Equal(t, "en-US", alert.Language)
	assert.Equal(t, []alerting.Area{"ma.boston"}, alert.Areas)
}

func TestDecodeKeepsWhatIsGiven(t *testing.T) {
	alert, _, err := intake().Decode(fields(t, map[string]any{
		"sender_name": "MA State SOC", "type": "update", "references": []string{"a7"}, "category": []string{"Security"},
		"areas":       []string{"ma", "025025", "ma.boston", "ma.boston"},
		"description": " line one\nline two ", "instruction": "Do not open it.", "expires": "2026-11-03T18:00:00.1234-05:00",
		"language": "es", "tlp": "GREEN", "web": "https://sec.state.ma.us/1", "contact": "617-555-0100",
		"responses": []any{map[string]string{"key": "1", "label": "On it"}, map[string]string{"key": "12", "label": "Need help"}},
		"x-ours":    map[string]any{"ignored": true},
	}))
	require.NoError(t, err)
	assert.Equal(t, alerting.Alert{
		ID: "01JD", Sender: "soc@sec.state.ma.us", SenderName: "MA State SOC", Sent: time.Date(2026, 11, 3, 12, 12, 0, 0, time.UTC),
		Status: alerting.StatusActual, Type: alerting.TypeUpdate, References: []string{"a7"}, Category: []string{"security"},
		Event: "Credential phishing", Urgency: "immediate", Severity: alerting.Severe, Certainty: "observed",
		Areas: []alerting.Area{"ma.statewide", "ma.county-suffolk", "ma.boston"}, Headline: "Phishing against election clerks",
		Description: "line one\nline two", Instruction: "Do not open it.", Expires: time.Date(2026, 11, 3, 23, 0, 0, 123e6, time.UTC),
		Language: "es", TLP: "GREEN", Web: "https://sec.state.ma.us/1", Contact: "617-555-0100",
		Responses: []alerting.Response{{Key: "1", Label: "On it"}, {Key: "12", Label: "Need help"}},
	}, alert)
}

func TestDecodeRefuses(t *testing.T) {
	list := func(n int, of any) []any {
		all := make([]any, n)
		for i := range all {
			all[i] = of
		}
		return all
	}
	response := func(key, label string) []any { return []any{map[string]string{"key": key, "label": label}} }
	for name, c := range map[string]struct {
		set  map[string]any
		want problem
	}{
		"no sender":                   {map[string]any{"sender": nil}, problem{"/sender", "missing"}},
		"a blank sender":              {map[string]any{"sender": " "}, problem{"/sender", "missing"}},
		"a sender that is a number":   {map[string]any{"sender": 5}, problem{"/sender", "invalid"}},
		"a sender too long":           {map[string]any{"sender": strings.Repeat("é", 201)}, problem{"/sender", "oversized"}},
		"an id too long":              {map[string]any{"id": strings.Repeat("x", 201)}, problem{"/id", "oversized"}},
		"an id on two lines":          {map[string]any{"id": "a\nb"}, problem{"/id", "invalid"}},
		"a sender_name too long":      {map[string]any{"sender_name": strings.Repeat("x", 61)}, problem{"/sender_name", "oversized"}},
		"no status":                   {map[string]any{"status": nil}, problem{"/status", "missing"}},
		"an upper-case status":        {map[string]any{"status": "Actual"}, problem{"/status", "invalid"}},
		"an unknown type":             {map[string]any{"type": "ack"}, problem{"/type", "invalid"}},
		"no event":                    {map[string]any{"event": nil}, problem{"/event", "missing"}},
		"no urgency":                  {map[string]any{"urgency": nil}, problem{"/urgency", "missing"}},
		"an unknown urgency":          {map[string]any{"urgency": "asap"}, problem{"/urgency", "invalid"}},
		"no severity":                 {map[string]any{"severity": nil}, problem{"/severity", "missing"}},
		"an unknown severity":         {map[string]any{"severity": "critical"}, problem{"/severity", "invalid"}},
		"no certainty":                {map[string]any{"certainty": nil}, problem{"/certainty", "missing"}},
		"no headline and description": {map[string]any{"headline": nil}, problem{"/headline", "missing"}},
		"a blank headline":            {map[string]any{"headline": " \n"}, problem{"/headline", "missing"}},
		"a headline too long":         {map[string]any{"headline": strings.Repeat("x", 401)}, problem{"/headline", "oversized"}},
		"a control character":         {map[string]any{"description": "a\u0085b"}, problem{"/description", "invalid"}},
		"an update of nothing":        {map[string]any{"type": "update"}, problem{"/references", "missing"}},
		"a cancel of nothing":         {map[string]any{"type": "cancel", "references": []string{}}, problem{"/references", "missing"}},
		"an empty reference":          {map[string]any{"references": []string{"a1", " "}}, problem{"/references/1", "invalid"}},
		"references that are no list": {map[string]any{"references": "a1"}, problem{"/references", "invalid"}},
		"references of numbers":       {map[string]any{"references": []int{1}}, problem{"/references", "invalid"}},
		"too many references":         {map[string]any{"references": list(101, "a1")}, problem{"/references", "oversized"}},
		"an unknown category":         {map[string]any{"category": []string{"security", "cyber"}}, problem{"/category/1", "invalid"}},
		"a sent without an offset":    {map[string]any{"sent": "2026-11-03T07:12:00"}, problem{"/sent", "invalid"}},
		"a sent six minutes ahead":    {map[string]any{"sent": now.Add(6 * time.Minute)}, problem{"/sent", "future_dated"}},
		"an expires before sent":      {map[string]any{"expires": "2026-11-03T07:11:59-05:00"}, problem{"/expires", "invalid"}},
		"an expires in the past":      {map[string]any{"expires": now}, problem{"/expires", "expired"}},
		"a sent more than a day ago":  {map[string]any{"sent": now.Add(-25 * time.Hour)}, problem{"/expires", "expired"}},
		"an expires too far ahead":    {map[string]any{"expires": now.Add(31 * 24 * time.Hour)}, problem{"/expires", "invalid"}},
		"an expires that is no time":  {map[string]any{"expires": "tomorrow"}, problem{"/expires", "invalid"}},
		"a language that is no tag":   {map[string]any{"language": "en_US"}, problem{"/language", "invalid"}},
		"TLP AMBER":                   {map[string]any{"tlp": "AMBER"}, problem{"/tlp", "tlp_not_enforceable"}},
		"TLP AMBER+STRICT":            {map[string]any{"tlp": "AMBER+STRICT"}, problem{"/tlp", "tlp_not_enforceable"}},
		"TLP RED":                     {map[string]any{"tlp": "RED"}, problem{"/tlp", "tlp_not_enforceable"}},
		"an unknown TLP":              {map[string]any{"tlp": "WHITE"}, problem{"/tlp", "invalid"}},
		"a response key of a letter":  {map[string]any{"responses": response("a", "On it")}, problem{"/responses/0/key", "invalid"}},
		"a response key of zero":      {map[string]any{"responses": response("0", "On it")}, problem{"/responses/0/key", "invalid"}},
		"a response without a label":  {map[string]any{"responses": response("1", " ")}, problem{"/responses/0/label", "invalid"}},
		"a response on two lines":     {map[string]any{"responses": response("1", "a\nb")}, problem{"/responses/0/label", "invalid"}},
		"a response with a bell":      {map[string]any{"responses": response("1", "a\ab")}, problem{"/responses/0/label", "invalid"}},
		"a response key given twice":  {map[string]any{"responses": append(response("1", "On it"), response("1", "Help")...)}, problem{"/responses/1/key", "duplicate"}},
		"ten responses":               {map[string]any{"responses": list(10, nil)}, problem{"/responses", "oversized"}},
		"responses that are no list":  {map[string]any{"responses": "1"}, problem{"/responses", "invalid"}},
		"areas without the subject's": {map[string]any{"areas": []string{"ma.salem"}}, problem{"/areas", "area_outside"}},
		"an area that does not exist": {map[string]any{"areas": []string{"ma.boston", "ma.bostn"}}, problem{"/areas/1", "unknown_area"}},
		"an area that is malformed":   {map[string]any{"areas": []string{"ma.boston", "Boston"}}, problem{"/areas/1", "unknown_area"}},
		"an area longer than any key": {map[string]any{"areas": []string{"ma.boston", strings.Repeat("x", 100_000)}}, problem{"/areas/1", "unknown_area"}},
		"areas that are no list":      {map[string]any{"areas": "ma.boston"}, problem{"/areas", "invalid"}},
		"areas of numbers":            {map[string]any{"areas": []int{25025}}, problem{"/areas", "invalid"}},
		"more than a thousand areas":  {map[string]any{"areas": list(1001, "ma.boston")}, problem{"/areas", "oversized"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := intake().Decode(fields(t, c.set))
			assert.Equal(t, []problem{c.want}, problemsOf(t, err))
			assert.Equal(t, c.want.code, alerting.CodeOf(err))
			assert.Less(t, len(err.Error()), 500, "an error quotes no more than it takes to find the place")
		})
	}
}

func TestDecodeTakes(t *testing.T) {
	for name, set := range map[string]map[string]any{
		"a description without headline": {"headline": nil, "description": "Do not open invoice mail."},
		"a sent five minutes ahead":      {"sent": now.Add(5 * time.Minute)},
		"an expires in thirty days":      {"expires": now.Add(30*24*time.Hour - 5*time.Minute)},
		"a severity of unknown":          {"severity": "unknown"},
		"a draft":                        {"status": "draft"},
		"null where absent is allowed":   {"references": json.RawMessage("null"), "areas": json.RawMessage("null"), "tlp": json.RawMessage("null")},
		"an empty list of areas":         {"areas": []string{}},
		"nine responses": {"responses": func() (all []any) {
			for i := range 9 {
				all = append(all, map[string]string{"key": strconv.Itoa(i + 1), "label": "x"})
			}
			return all
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			_, warnings, err := intake().Decode(fields(t, set))
			assert.NoError(t, err)
			assert.Empty(t, warnings)
		})
	}
}

func TestDecodeNamesEveryProblemAtOnce(t *testing.T) {
	_, _, err := intake().Decode([]byte(`{"status": "live", "urgency": 1, "areas": ["ma.nowhere", "xx.boston"], "tlp": "RED", "sent": "now"}`))
	assert.ElementsMatch(t, []problem{
		{"/sender", "missing"}, {"/sent", "invalid"}, {"/status", "invalid"}, {"/event", "missing"}, {"/urgency", "invalid"},
		{"/severity", "missing"}, {"/certainty", "missing"}, {"/areas/0", "unknown_area"}, {"/areas/1", "unknown_area"},
		{"/headline", "missing"}, {"/tlp", "tlp_not_enforceable"},
	}, problemsOf(t, err))
	assert.Equal(t, alerting.CodeInvalid, alerting.CodeOf(err), "problems of several kinds have the code that stands for all")
}

// The reason is kept in a message beside the alert: it must fit there, whatever the alert was.
func TestDecodeBoundsWhatItSays(t *testing.T) {
	areas := make([]string, 1000)
	for i := range areas {
		areas[i] = strings.Repeat("\x01", 30) + strconv.Itoa(i)
	}
	_, _, err := intake().Decode(fields(t, map[string]any{"areas": areas}))
	problems := problemsOf(t, err)
	assert.Len(t, problems, 201)
	assert.Contains(t, err.Error(), "and 800 problems more")
	assert.Less(t, len(err.Error()), 512<<10)
}

func TestDecodeRefusesTheWhole(t *testing.T) {
	for name, c := range map[string]struct{ raw, code string }{
		"nothing":           {"", alerting.CodeMalformed},
		"no JSON":           {"{", alerting.CodeMalformed},
		"null":              {"null", alerting.CodeMalformed},
		"a list":            {"[]", alerting.CodeMalformed},
		"two objects":       {"{}{}", alerting.CodeMalformed},
		"no UTF-8":          {"{\"event\": \"\xff\"}", alerting.CodeMalformed},
		"one byte too many": {`{"description": "` + strings.Repeat("x", alerting.MaxAlertBytes-18) + `"}`, alerting.CodeOversized},
	} {
		t.Run(name, func(t *testing.T) {
			alert, _, err := intake().Decode([]byte(c.raw))
			assert.Equal(t, c.code, alerting.CodeOf(err))
			assert.Empty(t, alert)
		})
	}
}

func TestDecodeSaysWhereJSONIsWrong(t *testing.T) {
	for raw, want := range map[string]string{
		"{\n  \"event\": \"é\" x\n}": "line 2, character 16: invalid character 'x' after object key:value pair",
		"not JSON":                   "line 1, character 2: invalid character 'o' in literal null",
		"{\n":                        "line 2, character 0: unexpected end of JSON input",
	} {
		_, _, err := intake().Decode([]byte(raw))
		assert.ErrorContains(t, err, want)
	}
}

func TestDecodeTakesTheLargestAlert(t *testing.T) {
	empty := fields(t, map[string]any{"description": ""})
	raw := fields(t, map[string]any{"description": strings.Repeat("x", alerting.MaxAlertBytes-len(empty))})
	require.Len(t, raw, alerting.MaxAlertBytes)
	_, _, err := intake().Decode(raw)
	assert.NoError(t, err)
}

func TestDecodeHoldsAProducerToItsAreas(t *testing.T) {
	in := intake()
	in.Subject = ""
	in.MayAddress = func(a alerting.Area) bool { return a == "ma.boston" }
	_, _, err := in.Decode(fields(t, map[string]any{"areas": []string{"ma.boston", "ma.salem", "ma"}}))
	assert.Equal(t, []problem{{"/areas/1", "area_outside"}, {"/areas/2", "area_outside"}}, problemsOf(t, err))
}

func TestDecodeWithoutSubjectWantsAreas(t *testing.T) {
	in := intake()
	in.Subject = ""
	_, _, err := in.Decode(fields(t, nil))
	assert.Equal(t, []problem{{"/areas", "missing"}}, problemsOf(t, err))
}

func TestDecodeWarnsOfAnAreaThatNobodyImported(t *testing.T) {
	in := intake()
	in.Subject = "nh.nashua"
	alert, warnings, err := in.Decode(fields(t, nil))
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	assert.Equal(t, "/areas/0", warnings[0].Pointer)
	assert.Contains(t, warnings[0].Detail, "revere areas import")
	assert.Equal(t, []alerting.Area{"nh.nashua"}, alert.Areas)
}
