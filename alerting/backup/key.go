package backup

import (
	"io"
	"strings"
	"time"

	"filippo.io/age"

	"revere/alerting"
)

// NewKey makes a key that opens backups, and returns its public half, which makes them. The key is
// returned as a file that age reads as well as Revere.
func NewKey(now time.Time) (file, recipient string, err error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	recipient = key.Recipient().String()
	return "# created: " + now.UTC().Format(time.RFC3339) + "\n# public key: " + recipient + "\n" + key.String() + "\n", recipient, nil
}

// ParseKeys reads a file of keys. What is wrong with it is told without showing any of it.
func ParseKeys(file io.Reader) ([]age.Identity, error) {
	keys, err := age.ParseIdentities(file)
	if err != nil {
		return nil, alerting.Errorf(alerting.CodeInvalid, "the file of the key holds no key that begins with AGE-SECRET-KEY-1 on a line of its own; give the file that `revere keygen` wrote")
	}
	return keys, nil
}

// ParseRecipients reads public keys. All that are none are named at once.
func ParseRecipients(texts []string) ([]age.Recipient, error) {
	var recipients []age.Recipient
	var wrong []string
	for _, text := range texts {
		if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
			return nil, alerting.Errorf(alerting.CodeInvalid, "a secret key was given where a public one belongs: it is no secret any more; make another with `revere keygen`")
		}
		parsed, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(parsed) != 1 {
			wrong = append(wrong, text)
			continue
		}
		recipients = append(recipients, parsed...)
	}
	switch {
	case len(wrong) > 0:
		return nil, alerting.Errorf(alerting.CodeInvalid, "%q is not a public key such as age1…; `revere keygen` makes one", wrong)
	case len(recipients) == 0:
		return nil, alerting.Errorf(alerting.CodeMissing, "a backup needs a recipient: the public key (age1…) of whoever may read it; `revere keygen` makes one")
	}
	return recipients, nil
}
