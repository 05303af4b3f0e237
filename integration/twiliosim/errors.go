package twiliosim

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// A restError is Twilio's answer to what it refuses
// (https://www.twilio.com/docs/usage/twilios-response#twilio-api-response-errors).
type restError struct {
	status, code int
	message      string
}

var (
	unauthorized = restError{http.StatusUnauthorized, 20003, "Authenticate"}
	notFound     = restError{http.StatusNotFound, 20404, "The requested resource was not found"}
	tooMany      = restError{http.StatusTooManyRequests, 20429, "Too Many Requests"}
)

// bad is a refusal of what a message's parameters say.
func bad(code int, format string, args ...any) *restError {
	return &restError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func (e restError) json() string {
	raw, _ := json.Marshal(map[string]any{ // strings and integers always marshal
		"code": e.code, "message": e.message, "status": e.status,
		"more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", e.code),
	})
	return string(raw)
}

func (e restError) answer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status)
	w.Write([]byte(e.json())) //nolint:errcheck // The caller may have gone away.
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // The caller may have gone away.
}
