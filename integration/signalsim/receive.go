package signalsim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A ReceiptKind is what a phone reports about a message.
type ReceiptKind int

// The receipts: the device has the message; the person has seen it.
const (
	Delivery ReceiptKind = iota
	Read
)

// Reply posts that a person wrote text to the bridge's number. from is an E.164 number, or the UUID
// of somebody who hides theirs. Like all of these it returns the webhook's status once it answered;
// the real bridge never posts again, whatever the status.
func (s *Server) Reply(from, text string) (status int, err error) {
	return s.Data(from, map[string]any{"message": text})
}

// Quote posts a reply that quotes the bridge's message with the given timestamp.
func (s *Server) Quote(from, text string, about int64) (status int, err error) {
	return s.Data(from, map[string]any{
		"message": text,
		"quote":   map[string]any{"id": about, "author": s.config.Number, "authorNumber": s.config.Number, "text": "quoted"},
	})
}

// React posts that a person put an emoji on the bridge's message with the given timestamp.
func (s *Server) React(from, emoji string, about int64) (status int, err error) {
	return s.reaction(from, emoji, about, false)
}

// Unreact posts that a person took the emoji back.
func (s *Server) Unreact(from, emoji string, about int64) (status int, err error) {
	return s.reaction(from, emoji, about, true)
}

// Receipt posts a receipt for the bridge's messages with the given timestamps.
func (s *Server) Receipt(from string, kind ReceiptKind, timestamps ...int64) (status int, err error) {
	s.arrived(from, timestamps)
	e := s.Envelope(from)
	e["receiptMessage"] = map[string]any{
		"when": e["timestamp"], "isDelivery": kind == Delivery, "isRead": kind == Read, "isViewed": false, "timestamps": timestamps,
	}
	return s.Post(e)
}

// arrived notes that somebody's phone has messages.
func (s *Server) arrived(at string, timestamps []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.messages {
		m := &s.messages[i]
		m.Arrived = m.Arrived || m.To == at && slices.Contains(timestamps, m.Timestamp)
	}
}

func (s *Server) reaction(from, emoji string, about int64, remove bool) (int, error) {
	return s.Data(from, map[string]any{
		"message": nil,
		"reaction": map[string]any{
			"emoji": emoji, "targetAuthor": s.config.Number, "targetAuthorNumber": s.config.Number,
			"targetSentTimestamp": about, "isRemove": remove,
		},
	})
}

// Data posts an envelope with the given data message, whose timestamp is filled in.
func (s *Server) Data(from string, message map[string]any) (status int, err error) {
	e := s.Envelope(from)
	message["timestamp"], message["expiresInSeconds"], message["viewOnce"] = e["timestamp"], 0, false
	e["dataMessage"] = message
	return s.Post(e)
}

// Envelope is what every received message comes in: who sent it, from which device, when.
func (s *Server) Envelope(from string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	e := map[string]any{
		"source": from, "sourceNumber": nil, "sourceUuid": from, "sourceName": "", "sourceDevice": 1,
		"timestamp": now, "serverReceivedTimestamp": now, "serverDeliveredTimestamp": now,
	}
	if strings.HasPrefix(from, "+") {
		e["sourceNumber"] = from
		digits := "000000000000" + from[1:]
		e["sourceUuid"] = "00000000-0000-4000-8000-" + digits[len(digits)-12:]
	}
	return e
}

// Post posts an envelope to the webhook, one at a time, as the bridge's read loop does. Its errors
// never show the webhook's address, which carries a secret.
func (s *Server) Post(envelope map[string]any) (status int, err error) {
	s.posting.Lock()
	defer s.posting.Unlock()
	s.mu.Lock()
	ctx, webhook := s.ctx, s.webhook
	s.mu.Unlock()
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "method": "receive", "params": map[string]any{"envelope": envelope, "account": s.config.Number},
	})
	if err != nil {
		return 0, fmt.Errorf("the envelope can't be written as JSON: %w", err)
	}
	return post(ctx, webhook, body)
}

func post(ctx context.Context, webhook string, body []byte) (int, error) {
	if webhook == "" {
		return 0, errors.New("the Signal stand-in has no webhook; call SetWebhook")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, webhook, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the Signal stand-in's webhook is not a URL")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var inURL *url.Error
		if errors.As(err, &inURL) {
			err = inURL.Err
		}
		return 0, fmt.Errorf("the webhook did not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
