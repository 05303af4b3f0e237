package alerting

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
)

// An Identity is what makes two messages the same alert: who published it, who it says it is from,
// and the id which that sender gave it.
type Identity struct {
	Producer string
	Sender   string
	ID       string
}

// Hash names the identity in a form that is safe as a key: ids themselves never become one.
func (i Identity) Hash() string {
	h := sha256.New()
	for _, part := range []string{i.Producer, i.Sender, i.ID} {
		length := len(part)
		h.Write([]byte{byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length)})
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// ContentHash tells whether two alerts say the same. It covers every field but areas and id, in
// canonical form, so that neither white space nor the order of fields nor another area matters. A
// field that is null is absent, as it is to Decode.
// raw must have been accepted by Decode.
func ContentHash(raw []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return "", Errorf(CodeMalformed, "the alert is not a JSON object: %v", err)
	}
	delete(fields, "areas")
	delete(fields, "id")
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	canonical, err := json.Marshal(fields)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:16]), nil
}
