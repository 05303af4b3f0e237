package engine

import (
	"crypto/rand"
	"crypto/subtle"
	"net"

	"github.com/nats-io/nats-server/v2/server"

	"revere/alerting"
)

// accounts keeps producers in a room of their own, from which only alerts pass into Revere's, and to
// which only verdicts come back. NATS
// checks on which subject a client publishes, but not where it asks the acknowledgement to be sent:
// in one account with Revere, a producer could have acknowledgements written into the ledger or over
// a lease, just by naming them as its reply subject.
const accounts = `accounts {
	REVERE: {jetstream: enabled, exports: [{service: "alerts.>"}, {stream: "verdicts.>"}]}
	PRODUCERS: {imports: [{service: {account: REVERE, subject: "alerts.>"}}, {stream: {account: REVERE, subject: "verdicts.>"}}]}
}`

// A door decides who may connect to the embedded server, and what they may do there.
//
//   - Revere itself presents a password that lives as long as the process, and may do everything.
//   - A producer presents a token, and may publish for the token's areas.
//   - Anyone on a loopback listener may publish alerts. Any other listener wants a token.
//
// Producers may subscribe to inboxes, and those with a token to verdicts.
type door struct {
	password     string
	anonymous    bool
	authenticate func(token string) ([]alerting.Area, bool)

	revere, producers *server.Account
}

const (
	internalUser = "revere"       // everything, in Revere's account
	verdictUser  = "revere-tells" // the verdicts' way into the producers' account
	// inboxPrefix keeps Revere's own replies apart from producers' on a cluster with one account.
	inboxPrefix   = "_REVERE"
	producerInbox = "_INBOX."
	// verdictSubjects are all that verdictSubject makes.
	verdictSubjects = "verdicts.>"
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

// between sets the accounts that the door leads to.
func (d *door) between(s *server.Server) (err error) {
	if d.revere, err = s.LookupAccount("REVERE"); err != nil {
		return err
	}
	d.producers, err = s.LookupAccount("PRODUCERS")
	return err
}

// Check implements server.Authentication.
func (d *door) Check(c server.ClientAuthentication) bool {
	options := c.GetOpts()
	if options.Username == internalUser || options.Username == verdictUser {
		return d.checkInternal(c, options)
	}
	token := options.Token
	if token == "" {
		token = options.Password
	}
	if token == "" {
		if d.anonymous {
			c.RegisterUser(d.producer("anonymous", nil, alerting.SubjectPrefix+">"))
		}
		return d.anonymous
	}
	if d.authenticate == nil {
		return false
	}
	areas, ok := d.authenticate(token)
	if !ok || len(areas) == 0 {
		return false
	}
	c.RegisterUser(d.producer("producer", []string{verdictSubjects}, publishSubjects(areas)...))
	return true
}

func (d *door) checkInternal(c server.ClientAuthentication, options *server.ClientOpts) bool {
	if subtle.ConstantTimeCompare([]byte(options.Password), []byte(d.password)) != 1 {
		return false
	}
	if options.Username == internalUser {
		c.RegisterUser(&server.User{Username: internalUser, Account: d.revere})
	} else {
		c.RegisterUser(d.producer(verdictUser, nil, producerInbox+">"))
	}
	return true
}

// producer is a user of the producers' account who may publish on the given subjects, and hear what
// is given besides inboxes.
func (d *door) producer(name string, hears []string, subjects ...string) *server.User {
	return &server.User{Username: name, Account: d.producers, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: subjects},
		Subscribe: &server.SubjectPermission{Allow: append([]string{producerInbox + ">"}, hears...)},
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
