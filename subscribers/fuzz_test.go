package subscribers_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/subscribers"
)

func FuzzImportCSV(f *testing.F) {
	f.Add(header + "a,A,,ma,,+16175550100,a@example.org,,en\n")
	f.Add("\uFEFFid,name,areas,email,prefer,sms,sms2,sms2_min_severity\nx,\"Y\n\",us,a@b.c,sms2 email,,6175550100,severe\n")
	f.Fuzz(func(t *testing.T, file string) {
		d := townDirectory(t)
		plan, err := importer(d).CSV(strings.NewReader(file))
		checkPlan(t, d, plan, err)
	})
}

func FuzzImportJSON(f *testing.F) {
	f.Add(`[{"id":"a","name":"A","areas":["ma"],"contacts":[{"channel":"sms","address":"617-555-0100"}]}]`)
	f.Add(`{"data":[{"id":"a","name":"A","areas":["ma.boston"],"contacts":[{"channel":"email","address":"a@b.c"}],"teams":[]}]}`)
	f.Fuzz(func(t *testing.T, file string) {
		d := townDirectory(t)
		plan, err := importer(d).JSON(strings.NewReader(file))
		checkPlan(t, d, plan, err)
	})
}

// checkPlan states what holds for every file: it is refused with problems that are located, or its
// plan applies, and what is exported then imports without a change.
func checkPlan(t *testing.T, d *subscribers.Directory, plan subscribers.Plan, err error) {
	t.Helper()
	if err != nil {
		var refused *alerting.Error
		require.ErrorAs(t, err, &refused)
		assert.NotEmpty(t, refused.Problems)
		assert.Empty(t, plan.Changes)
		return
	}
	apply(t, d, plan.Changes...)
	var csv bytes.Buffer
	require.NoError(t, d.ExportCSV(&csv, []string{"sms", "email", "signal"}))
	again, err := importer(d).CSV(&csv)
	require.NoError(t, err)
	assert.Empty(t, again.Changes)
}
