package sms

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/twilio/twilio-go/client"

	"revere/alerting"
	"revere/channels"
)

// Where Twilio posts, below PublicURL.
const (
	messagesPath = "/webhooks/twilio/messages"
	statusPath   = "/webhooks/twilio/status"
	refKey       = "ref" // of the status webhook's query
)

const (
	maxWebhook = 64 << 10         // bytes of a webhook's body
	putTime    = 10 * time.Second // Twilio waits for 15 s
)

// Routes are Twilio's two webhooks: replies and receipts. Each is answered once its facts are
// durable, and 503 when they can't be made so. One that Twilio did not sign changes nothing, and is
// put on record, without what it says.
func (c *channel) Routes(inbox channels.Inbox) []channels.Route {
	return []channels.Route{
		{Pattern: "POST " + messagesPath, Handler: &webhook{c, inbox, c.readMessage, func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			io.WriteString(w, "<Response/>") //nolint:errcheck // The fact is safe; Twilio may ask again.
		}}},
		{Pattern: "POST " + statusPath, Handler: &webhook{c, inbox, c.readStatus, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNoContent)
		}}},
	}
}

type webhook struct {
	channel *channel
	inbox   channels.Inbox
	read    func(query, form url.Values, now time.Time) ([]alerting.Inbound, *refusal)
	answer  func(http.ResponseWriter)
}

// A refusal is why a webhook is not believed: the HTTP status for the caller, a word for programs and
// a sentence for the record.
type refusal struct {
	status       int
	code, reason string
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), putTime)
	defer cancel()
	now := time.Now().UTC()
	query, form, refused := h.channel.authentic(r)
	if refused != nil {
		h.refuse(ctx, w, refused, now)
		return
	}
	facts, refused := h.read(query, form, now)
	if refused != nil {
		h.refuse(ctx, w, refused, now)
		return
	}
	if err := h.inbox.Put(ctx, facts...); err != nil {
		h.channel.env.Log.Error().Err(err).Str("channel", name).Str("path", r.URL.Path).Msg("a webhook could not be kept; Twilio was told to try again")
		w.Header().Set("Retry-After", "5")
		http.Error(w, "not kept: try again", http.StatusServiceUnavailable)
		return
	}
	h.answer(w)
}

// authentic returns what a webhook says, when it is Twilio that says it about our account.
func (c *channel) authentic(r *http.Request) (query, form url.Values, refused *refusal) {
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	form, refused = readForm(r)
	if refused != nil {
		return nil, nil, refused
	}
	if queryErr != nil {
		return nil, nil, &refusal{http.StatusBadRequest, "malformed", "the query can't be read"}
	}
	first := make(map[string]string, len(form))
	for key := range form {
		first[key] = form.Get(key)
	}
	// Only the first value of a key is signed: a second could say anything.
	if repeated(query) || repeated(form) {
		return nil, nil, &refusal{http.StatusForbidden, "repeated-key", "a form key comes twice, of which only the first would be signed"}
	}
	validator := client.NewRequestValidator(c.config.AuthToken)
	if !validator.Validate(c.env.PublicURL+r.URL.RequestURI(), first, r.Header.Get("X-Twilio-Signature")) {
		return nil, nil, &refusal{http.StatusForbidden, "bad-signature", "the X-Twilio-Signature does not fit; if Twilio did post this, check auth_token and public_url"}
	}
	if first["AccountSid"] != c.config.AccountSID {
		return nil, nil, &refusal{http.StatusForbidden, "other-account", "the webhook is about another Twilio account"}
	}
	return query, form, nil
}

func readForm(r *http.Request) (url.Values, *refusal) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &refusal{http.StatusUnsupportedMediaType, "malformed", "the body is not a form"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxWebhook+1))
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "malformed", "the body can't be read to its end"}
	}
	if len(body) > maxWebhook {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "oversized", "the body is larger than 64 KiB"}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "malformed", "the form can't be read"}
	}
	return form, nil
}

func repeated(values url.Values) bool {
	for _, v := range values {
		if len(v) > 1 {
			return true
		}
	}
	return false
}

// refuse keeps a record, as long as there are not too many of them, and answers.
func (h *webhook) refuse(ctx context.Context, w http.ResponseWriter, refused *refusal, now time.Time) {
	if h.channel.refusals.AllowN(now, 1) {
		log := h.channel.env.Log
		log.Warn().Str("channel", name).Str("code", refused.code).Msg("a webhook was refused: " + refused.reason)
		fact := alerting.Inbound{Channel: name, Kind: alerting.InboundRefused, At: now, Code: refused.code, Reason: refused.reason}
		if err := h.inbox.Put(ctx, fact); err != nil {
			log.Error().Err(err).Str("channel", name).Msg("a refused webhook could not be put on record")
		}
	}
	http.Error(w, http.StatusText(refused.status), refused.status)
}
