package replies

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"revere/alerting"
)

// Links makes and reads the tokens of acknowledgement links. A token names one delivery and proves
// that we made it: whoever holds it answers for those who share the delivery's address, for that
// alert only.
type Links struct {
	// Secret is the installation's.
	Secret []byte
	// PublicURL is where the links lead, without a trailing slash.
	PublicURL string
}

const macLength = 12

// URL returns the link for a delivery.
func (l Links) URL(alert alerting.Key, delivery alerting.DeliveryID) string {
	return l.PublicURL + "/a/" + l.Token(alert, delivery)
}

// Token returns the link's token: letters, digits, "-" and "_".
func (l Links) Token(alert alerting.Key, delivery alerting.DeliveryID) string {
	return string(alert) + "-" + base64.RawURLEncoding.EncodeToString(append(delivery[:], l.mac(alert, delivery)...))
}

func (l Links) mac(alert alerting.Key, delivery alerting.DeliveryID) []byte {
	h := hmac.New(sha256.New, l.Secret)
	h.Write([]byte("acknowledge"))
	h.Write(delivery[:])
	h.Write([]byte(alert))
	return h.Sum(nil)[:macLength]
}

// Parse reads a token. One that we did not make is refused in constant time.
func (l Links) Parse(token string) (alert alerting.Key, delivery alerting.DeliveryID, err error) {
	key, rest, _ := strings.Cut(token, "-")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(raw) != len(delivery)+macLength {
		return "", delivery, errLink
	}
	copy(delivery[:], raw)
	if !hmac.Equal(raw[len(delivery):], l.mac(alerting.Key(key), delivery)) {
		return "", alerting.DeliveryID{}, errLink
	}
	return alerting.Key(key), delivery, nil
}

var errLink = alerting.Errorf(alerting.CodeNotFound, "this link is not valid; open it from the message again, or reply to the message instead")
