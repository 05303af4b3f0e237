package engine

import (
	"crypto/rand"
	"crypto/subtle"
	"net"

	"github.com/nats-io/nats-server/v2/server"

	"revere/alerting"
)

// A door decides who may connect to the embedded server, and what they may do there.
//
//   - Revere itself presents a password that lives as long as the process, and may do everything.
//   - A producer presents a token, and may publish for the token's areas.
//   - Anyone on a loopback listener may publish alerts. Any other listener wants a token.
//
// Producers may subscribe to their own inboxes only. Revere's are elsewhere (inboxPrefix).
type door struct {
	password     string
	anonymous    bool
	authenticate func(token string) ([]alerting.Area, bool)
}

const (
	internalUser = "revere"
	// inboxPrefix keeps Revere's own replies apart from the producers' _INBOX.
	inboxPrefix   = "_REVERE"
	producerInbox = "_INBOX.>"
)

func newDoor(config ServerConfig) *door {
	host, _, _ := net.SplitHostPort(config.Listen)
	ip := net.ParseIP(host)
	return &door{
		password:     rand.Text(),
		anonymous:    host == "localhost" || (ip != nil && ip.IsLoopback()),
		authenticate: config.Authenticate,
	}
}

// Check implements server.Authentication.
func (d *door) Check(c server.ClientAuthentication) bool {
	options := c.GetOpts()
	if options.Username == internalUser {
		if subtle.ConstantTimeCompare([]byte(options.Password), []byte(d.password)) != 1 {
			return false
		}
		c.RegisterUser(&server.User{Username: internalUser})
		return true
	}
	token := options.Token
	if token == "" {
		token = options.Password
	}
	if token == "" {
		if d.anonymous {
			c.RegisterUser(producer("anonymous", []string{alerting.SubjectPrefix + ">"}))
		}
		return d.anonymous
	}
	if d.authenticate == nil {
		return false
	}
	areas, ok := d.authenticate(token)
	if !ok {
		return false
	}
	c.RegisterUser(producer("producer", publishSubjects(areas)))
	return true
}

func producer(name string, subjects []string) *server.User {
	return &server.User{Username: name, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: subjects},
		Subscribe: &server.SubjectPermission{Allow: []string{producerInbox}},
	}}
}

// publishSubjects lists what a producer of these areas may publish on: a state's token opens the
// whole state; a county's opens the county's own subject only, since a subject does not tell in
// which county a municipality lies.
func publishSubjects(areas []alerting.Area) []string {
	subjects := make([]string, 0, len(areas))
	for _, a := range areas {
		switch a.Kind() {
		case alerting.KindNation:
			subjects = append(subjects, alerting.SubjectPrefix+">")
		case alerting.KindState:
			subjects = append(subjects, alerting.SubjectPrefix+a.State()+".>")
		default:
			subjects = append(subjects, a.Subject())
		}
	}
	return subjects
}
