package wording_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/wording"
)

var update = flag.Bool("update", false, "write the texts of testdata anew; read them before you commit them")

// Every format, status and type, as people read them, is in testdata.
func TestGolden(t *testing.T) {
	contexts := map[string]wording.Context{}
	for _, status := range []alerting.Status{alerting.StatusActual, alerting.StatusExercise, alerting.StatusTest} {
		for _, kind := range alerting.MessageTypes {
			c := phishing(t)
			if kind.Corrects() {
				c = corrected(t, kind)
				c.Corrects[0].Alert.Status = status
			}
			c.Alert.Status = status
			contexts[fmt.Sprintf("%s-%s", kind, status)] = c
		}
	}
	during := phishing(t)
	during.ExerciseOpen = true
	contexts["alert-actual-during-exercise"] = during
	again := phishing(t)
	again.PossibleDuplicate = true
	contexts["alert-actual-possible-duplicate"] = again

	for name, c := range contexts {
		t.Run(name, func(t *testing.T) {
			subject, text, html := desk().Compose(alerting.Mail, c)
			got := fmt.Sprintf("== SMS\n%s\n\n== Signal\n%s\n\n== Mail\nSubject: %s\n\n%s\n== HTML\n%s", sms(c), compose(desk(), alerting.Chat, c), subject, text, html)
			file := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}
