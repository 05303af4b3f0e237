// Package access says who may do what over the API and over NATS. A token is shown once, when it is
// made; only its hash is kept.
package access

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"revere/alerting"
)

// ChangeToken is the kind of the directory's changes that hold tokens.
const ChangeToken = "token"

// A Role is what a token's holder may do.
type Role string

// The roles. Each may do what those after it may.
const (
	Admin    Role = "admin"    // everything
	Producer Role = "producer" // publish and correct for its areas, acknowledge for people, read
	Viewer   Role = "viewer"   // read
)

// A Token is what is kept of a token: everything but the token.
type Token struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Role    Role            `json:"role"`
	Areas   []alerting.Area `json:"areas,omitempty"` // a producer's
	Created time.Time       `json:"created"`
	Hash    string          `json:"hash,omitempty"`
}

// May reports whether the token's role includes the given one.
func (t Token) May(role Role) bool {
	order := []Role{Viewer, Producer, Admin}
	asked := slices.Index(order, role)
	return asked >= 0 && slices.Index(order, t.Role) >= asked
}

// MayAddress reports whether the token's holder may publish for an area.
func (t Token) MayAddress(atlas alerting.Atlas, area alerting.Area) bool {
	switch t.Role {
	case Admin:
		return true
	case Producer:
		return slices.ContainsFunc(t.Areas, func(own alerting.Area) bool { return atlas.Covers(own, area) })
	}
	return false
}

// prefix lets people and scanners tell what a leaked string is.
const prefix = "revere_"

// New makes a token. The secret is returned once and can't be had again.
func New(name string, role Role, areas []alerting.Area, now time.Time) (secret string, token Token, err error) {
	var problems alerting.Problems
	if !slices.Contains([]Role{Admin, Producer, Viewer}, role) {
		problems.Add("/role", alerting.CodeInvalid, "role %q is not one of admin, producer, viewer", role)
	}
	if role == Producer && len(areas) == 0 {
		problems.Add("/areas", alerting.CodeMissing, "a producer's token needs the areas that it may publish for, such as \"ma\"")
	}
	if role != Producer && len(areas) > 0 {
		problems.Add("/areas", alerting.CodeInvalid, "only a producer's token has areas; the role is %q", role)
	}
	if name == alerting.AnyProducer {
		problems.Add("/name", alerting.CodeInvalid, "the name %q stands for whoever publishes over NATS; give another", name)
	}
	for i, area := range areas {
		if parsed, err := alerting.ParseArea(string(area)); err != nil || parsed != area {
			problems.Add(fmt.Sprintf("/areas/%d", i), alerting.CodeUnknownArea, "%q is not an area's key, such as \"ma.statewide\"", area)
		}
	}
	if len(name) > 100 || strings.ContainsAny(name, "\r\n") {
		problems.Add("/name", alerting.CodeInvalid, "name must be one line of 100 bytes at most")
	}
	if err := problems.Err("the token was not made"); err != nil {
		return "", Token{}, err
	}
	id := strings.ToLower(rand.Text()[:8])
	if name == "" {
		name = string(role) + "-" + id
	}
	secret = prefix + rand.Text()
	return secret, Token{ID: id, Name: name, Role: role, Areas: areas, Created: now.UTC().Truncate(time.Millisecond), Hash: hash(secret)}, nil
}

// hash needs no salt and no stretching: a token is 130 random bits.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Put returns the change that keeps the token, Remove the one that ends it.
func (t Token) Put() alerting.Change {
	value, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings and a time only
	}
	return alerting.Change{Kind: ChangeToken, ID: t.ID, Value: value}
}

// Remove returns the change that ends a token.
func Remove(id string) alerting.Change { return alerting.Change{Kind: ChangeToken, ID: id} }

// A Book is the tokens that are valid now. It is safe for concurrent use.
type Book struct {
	mu     sync.RWMutex
	byHash map[string]Token
	byID   map[string]Token
}

// NewBook returns a book without tokens.
func NewBook() *Book { return &Book{byHash: map[string]Token{}, byID: map[string]Token{}} }

// Apply takes in a change; a nil value removes the token. What can't be read is not let in.
func (b *Book) Apply(id string, value []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byHash, b.byID[id].Hash)
	delete(b.byID, id)
	var t Token
	if value == nil || json.Unmarshal(value, &t) != nil || t.Hash == "" {
		return
	}
	b.byHash[t.Hash], b.byID[id] = t, t
}

// Authenticate returns the token that a secret belongs to. The look-up is by hash, so that its time
// tells nothing about the secret.
func (b *Book) Authenticate(secret string) (Token, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	t, ok := b.byHash[hash(secret)]
	return t, ok
}

// Producer returns what a secret's holder may publish for over NATS; ok is false when nothing.
func (b *Book) Producer(secret string) (areas []alerting.Area, ok bool) {
	t, ok := b.Authenticate(secret)
	switch {
	case !ok || !t.May(Producer):
		return nil, false
	case t.Role == Admin:
		return []alerting.Area{alerting.Nationwide}, true
	}
	return t.Areas, true
}

// List returns the tokens by name, without their hashes.
func (b *Book) List() []Token {
	b.mu.RLock()
	defer b.mu.RUnlock()
	tokens := make([]Token, 0, len(b.byID))
	for _, t := range b.byID {
		t.Hash = ""
		tokens = append(tokens, t)
	}
	slices.SortFunc(tokens, func(a, b Token) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return tokens
}
