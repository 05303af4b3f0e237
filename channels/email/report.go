package email

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"

	"revere/alerting"
)

// Bounds of what is read of a report: an honest one has three parts and one recipient.
const (
	maxParts      = 20
	maxRecipients = 20
)

// errNoReport says that a mail to a bounce address is not a delivery status notification.
var errNoReport = errors.New("it is no delivery status report (RFC 3464)")

// A status is what a report says about one recipient (RFC 3464 section 2.3).
type status struct {
	action     string // in lower case
	code       string // "5.1.1" (RFC 3463)
	diagnostic string // the words of the mail system that refused it
}

// actions are what each action (RFC 3464 section 2.3.3) tells about the attempt. "delayed" is
// missing: the mail system goes on trying, and nothing has changed.
var actions = map[string]alerting.State{
	"failed":    alerting.Undelivered,
	"delivered": alerting.Delivered,
	"relayed":   alerting.Sent, // passed on to a system that will not report
	"expanded":  alerting.Sent, // passed on to the members of a list
}

const delayed = "delayed"

// readReport reads a delivery status notification, which may have been cut off after its second
// part. A mail that is none gives errNoReport.
func readReport(data []byte) ([]status, error) {
	entity, err := message.Read(bytes.NewReader(data))
	if unreadable(err) {
		return nil, fmt.Errorf("it can't be read: %w", err)
	}
	parts := entity.MultipartReader()
	if parts == nil {
		return nil, errNoReport
	}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, errNoReport
		}
		if unreadable(err) {
			return nil, fmt.Errorf("one of its parts can't be read: %w", err)
		}
		switch kind, _, _ := part.Header.ContentType(); kind {
		case "message/delivery-status", "message/global-delivery-status": // RFC 3464, RFC 6533
			return readStatuses(part.Body)
		}
	}
	return nil, errNoReport
}

// unreadable excuses what go-message can't decode: a foreign charset does not hide the ASCII
// fields that count.
func unreadable(err error) bool {
	return err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err)
}

// readStatuses reads the groups of fields: one about the message, then one for each recipient.
func readStatuses(body io.Reader) ([]status, error) {
	var all []status
	reader := bufio.NewReader(body)
	for range maxRecipients + 1 {
		if err := skipBlankLines(reader); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("its status can't be read: %w", err)
		}
		fields, err := textproto.ReadHeader(reader)
		if err != nil {
			return nil, fmt.Errorf("its status can't be read: %w", err)
		}
		if action := fields.Get("Action"); action != "" {
			all = append(all, status{
				action:     strings.ToLower(firstWord(action)),
				code:       enhanced.FindString(strings.TrimSpace(fields.Get("Status"))),
				diagnostic: fields.Get("Diagnostic-Code"),
			})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it names no recipient with an action")
	}
	return all, nil
}

func skipBlankLines(r *bufio.Reader) error {
	for {
		next, err := r.Peek(1)
		if err != nil {
			return err
		}
		if next[0] != '\r' && next[0] != '\n' {
			return nil
		}
		if _, err := r.Discard(1); err != nil {
			return err
		}
	}
}

// firstWord drops the comment that some systems put behind a value.
func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(s), " ")
	return word
}

// isAutomatic reports whether a machine answered (RFC 3834 section 5, and the older marks): out of
// office, read receipts and their kin say nothing about the delivery.
func isAutomatic(data []byte) bool {
	entity, err := message.Read(bytes.NewReader(data))
	if unreadable(err) {
		return false
	}
	kind, params, _ := entity.Header.ContentType()
	if kind == "multipart/report" && strings.EqualFold(params["report-type"], "disposition-notification") {
		return true
	}
	submitted := strings.ToLower(firstWord(entity.Header.Get("Auto-Submitted")))
	if submitted != "" && submitted != "no" {
		return true
	}
	precedence := strings.ToLower(strings.TrimSpace(entity.Header.Get("Precedence")))
	return entity.Header.Has("X-Autoreply") || entity.Header.Has("X-Autorespond") ||
		slices.Contains([]string{"auto_reply", "bulk", "junk", "list"}, precedence)
}
