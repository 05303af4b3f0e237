package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/access"
)

var now = time.Date(2026, 11, 3, 12, 15, 0, 123456789, time.FixedZone("EST", -5*3600))

func newToken(t *testing.T, name string, role access.Role, areas ...alerting.Area) (string, access.Token) {
	t.Helper()
	secret, token, err := access.New(name, role, areas, now)
	require.NoError(t, err)
	return secret, token
}

func TestNewKeepsOnlyTheHash(t *testing.T) {
	secret, token := newToken(t, "state desk", access.Producer, "ma.statewide")
	assert.Regexp(t, `^revere_[A-Z2-7]{26}$`, secret, "130 random bits, and a leaked one tells what it is")
	assert.Equal(t, time.Date(2026, 11, 3, 17, 15, 0, 123e6, time.UTC), token.Created)
	change := token.Put()
	assert.Equal(t, access.ChangeToken, change.Kind)
	assert.Equal(t, token.ID, change.ID)
	for _, part := range []string{secret, strings.TrimPrefix(secret, "revere_")} {
		assert.NotContains(t, string(change.Value), part)
	}
	other, second := newToken(t, "state desk", access.Producer, "ma.statewide")
	assert.NotEqual(t, secret, other)
	assert.NotEqual(t, token.ID, second.ID)
}

func TestNewNamesTheNameless(t *testing.T) {
	_, token := newToken(t, "", access.Viewer)
	assert.Equal(t, "viewer-"+token.ID, token.Name)
}

func TestNewNamesEveryProblemAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		name  string
		role  access.Role
		areas []alerting.Area
		want  []string
	}{
		"an unknown role":               {"x", "root", nil, []string{"/role"}},
		"no role":                       {"x", "", nil, []string{"/role"}},
		"a producer without areas":      {"x", access.Producer, nil, []string{"/areas"}},
		"an admin with areas":           {"x", access.Admin, []alerting.Area{"ma.boston"}, []string{"/areas"}},
		"a viewer with areas":           {"x", access.Viewer, []alerting.Area{"ma.boston"}, []string{"/areas"}},
		"areas that would be more":      {"x", access.Producer, []alerting.Area{"ma.>", "*", "ma.boston", "us"}, []string{"/areas/0", "/areas/1", "/areas/3"}},
		"a name on two lines":           {"a\nb", access.Admin, nil, []string{"/name"}},
		"a name too long":               {strings.Repeat("x", 101), access.Admin, nil, []string{"/name"}},
		"all that can be wrong at once": {"a\rb", "root", []alerting.Area{"x"}, []string{"/role", "/areas", "/areas/0", "/name"}},
	} {
		t.Run(name, func(t *testing.T) {
			secret, _, err := access.New(c.name, c.role, c.areas, now)
			var e *alerting.Error
			require.ErrorAs(t, err, &e)
			var at []string
			for _, p := range e.Problems {
				at = append(at, p.Pointer)
			}
			assert.Equal(t, c.want, at)
			assert.Empty(t, secret)
		})
	}
}

func TestEachRoleMayWhatThoseAfterItMay(t *testing.T) {
	may := map[access.Role][]access.Role{
		access.Admin:    {access.Admin, access.Producer, access.Viewer},
		access.Producer: {access.Producer, access.Viewer},
		access.Viewer:   {access.Viewer},
		"":              nil,
		"root":          nil,
	}
	for role, want := range may {
		var got []access.Role
		for _, asked := range []access.Role{access.Admin, access.Producer, access.Viewer, "", "root"} {
			if (access.Token{Role: role}).May(asked) {
				got = append(got, asked)
			}
		}
		assert.Equal(t, want, got, "role %q", role)
	}
}

// An atlas in which a state covers what is in it.
type atlas struct{ alerting.Atlas }

func (atlas) Covers(outer, inner alerting.Area) bool {
	return outer == inner || outer.Kind() == alerting.KindState && outer.State() == inner.State()
}

func TestAProducerMayAddressWhatItsAreasCover(t *testing.T) {
	producer := access.Token{Role: access.Producer, Areas: []alerting.Area{"nh.statewide", "ma.boston"}}
	for area, want := range map[alerting.Area]bool{
		"nh.nashua": true, "nh.statewide": true, "ma.boston": true, "ma.salem": false, "ma.statewide": false, alerting.Nationwide: false,
	} {
		assert.Equal(t, want, producer.MayAddress(atlas{}, area), area)
		assert.True(t, access.Token{Role: access.Admin}.MayAddress(atlas{}, area), area)
		assert.False(t, access.Token{Role: access.Viewer, Areas: producer.Areas}.MayAddress(atlas{}, area), area)
		assert.False(t, access.Token{Areas: producer.Areas}.MayAddress(atlas{}, area), area)
	}
}

// apply does what the directory's history does to a book.
func apply(book *access.Book, changes ...alerting.Change) {
	for _, c := range changes {
		book.Apply(c.ID, c.Value)
	}
}

func TestBookKnowsTheTokensThatAreValidNow(t *testing.T) {
	book := access.NewBook()
	secret, token := newToken(t, "state desk", access.Producer, "ma.statewide")
	other, _ := newToken(t, "unknown", access.Viewer)
	apply(book, token.Put())

	got, ok := book.Authenticate(secret)
	assert.True(t, ok)
	assert.Equal(t, token, got)
	for _, wrong := range []string{"", other, token.Hash, token.ID, strings.ToLower(secret), secret + " "} {
		_, ok := book.Authenticate(wrong)
		assert.False(t, ok, wrong)
	}
	apply(book, access.Remove(token.ID))
	_, ok = book.Authenticate(secret)
	assert.False(t, ok, "a token that was removed")
	assert.Empty(t, book.List())
}

func TestBookLetsNothingInThatItCannotRead(t *testing.T) {
	book := access.NewBook()
	secret, token := newToken(t, "x", access.Admin)
	for _, value := range []string{"", "{", "[]", `{"id": "x", "role": "admin"}`} {
		apply(book, token.Put(), alerting.Change{ID: token.ID, Value: []byte(value)})
		_, ok := book.Authenticate(secret)
		assert.False(t, ok, "what replaced the token was %q", value)
		_, ok = book.Authenticate("")
		assert.False(t, ok)
	}
}

func TestReplacedTokenIsNotValidAnyMore(t *testing.T) {
	book := access.NewBook()
	old, first := newToken(t, "x", access.Admin)
	fresh, second := newToken(t, "x", access.Viewer)
	second.ID = first.ID
	apply(book, first.Put(), second.Put())
	_, ok := book.Authenticate(old)
	assert.False(t, ok)
	_, ok = book.Authenticate(fresh)
	assert.True(t, ok)
	assert.Len(t, book.List(), 1)
}

func TestListShowsNoHash(t *testing.T) {
	book := access.NewBook()
	_, b := newToken(t, "b", access.Viewer)
	_, a := newToken(t, "a", access.Producer, "ma.boston")
	_, sameName := newToken(t, "b", access.Admin)
	apply(book, b.Put(), a.Put(), sameName.Put())
	list := book.List()
	require.Len(t, list, 3)
	assert.Equal(t, "a", list[0].Name)
	assert.Less(t, list[1].ID, list[2].ID, "tokens of one name stand in an order that lasts")
	for _, token := range list {
		assert.Empty(t, token.Hash)
	}
}

func TestWhoMayPublishOverNATS(t *testing.T) {
	book := access.NewBook()
	admin, adminToken := newToken(t, "a", access.Admin)
	producer, producerToken := newToken(t, "p", access.Producer, "ma.boston", "nh.statewide")
	viewer, viewerToken := newToken(t, "v", access.Viewer)
	apply(book, adminToken.Put(), producerToken.Put(), viewerToken.Put())
	for secret, want := range map[string][]alerting.Area{
		admin: {alerting.Nationwide}, producer: {"ma.boston", "nh.statewide"}, viewer: nil, "": nil, "wrong": nil,
	} {
		areas, ok := book.Producer(secret)
		assert.Equal(t, want, areas)
		assert.Equal(t, want != nil, ok)
	}
}
