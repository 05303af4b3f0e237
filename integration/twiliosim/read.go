package twiliosim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pages of a list, by Twilio's documentation.
const (
	defaultPage = 50
	maxPage     = 1000
)

// list is GET Messages.json: newest first, in pages. A page begins after the message that its token
// names, so that messages which come meanwhile move nothing.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	size, err := strconv.Atoi(query.Get("PageSize"))
	if err != nil || size < 1 {
		size = defaultPage
	}
	size = min(size, maxPage)
	page, _ := strconv.Atoi(query.Get("Page"))

	all := s.store.all()
	slices.Reverse(all)
	all = slices.DeleteFunc(all, func(m Message) bool { return !matches(m, query) })
	if after, ok := strings.CutPrefix(query.Get("PageToken"), "PA"); ok {
		all = all[1+slices.IndexFunc(all, func(m Message) bool { return m.SID == after }):]
	}
	shown := all[:min(size, len(all))]
	resources := make([]resource, len(shown))
	for i, m := range shown {
		resources[i] = s.resource(m)
	}

	var next any
	if len(shown) < len(all) {
		query.Set("PageSize", strconv.Itoa(size))
		query.Set("Page", strconv.Itoa(page+1))
		query.Set("PageToken", "PA"+shown[len(shown)-1].SID)
		next = r.URL.Path + "?" + query.Encode()
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"messages": resources, "page": page, "page_size": size, "start": page * size,
		"end": page*size + max(0, len(shown)-1), "uri": r.URL.RequestURI(),
		"first_page_uri": r.URL.Path + "?PageSize=" + strconv.Itoa(size) + "&Page=0",
		"next_page_uri":  next, "previous_page_uri": nil,
	})
}

// matches applies the filters. A message that was not sent yet has no date, and so is in no filter
// by DateSent.
func matches(m Message, query url.Values) bool {
	for key, have := range map[string]string{"To": m.To, "From": m.From} {
		if want := query.Get(key); want != "" && want != have {
			return false
		}
	}
	for key, fits := range map[string]func(cmp int) bool{
		"DateSent":  func(cmp int) bool { return cmp == 0 },
		"DateSent<": func(cmp int) bool { return cmp <= 0 },
		"DateSent>": func(cmp int) bool { return cmp >= 0 },
	} {
		want := query.Get(key)
		if want == "" {
			continue
		}
		day := want[:min(len(want), len(time.DateOnly))]
		if m.Sent.IsZero() || !fits(strings.Compare(m.Sent.Format(time.DateOnly), day)) {
			return false
		}
	}
	return true
}

// fetch is GET Messages/{sid}.json.
func (s *Server) fetch(w http.ResponseWriter, r *http.Request) {
	m, ok := s.store.get(strings.TrimSuffix(r.PathValue("message"), ".json"))
	if !ok {
		notFound.answer(w)
		return
	}
	answerJSON(w, http.StatusOK, s.resource(m))
}

// account is GET Accounts/{sid}.json.
func (s *Server) account(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("file") != s.AccountSID+".json" {
		notFound.answer(w)
		return
	}
	kind := "Full"
	if s.Trial {
		kind = "Trial"
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"sid": s.AccountSID, "friendly_name": "Twilio stand-in", "status": "active", "type": kind,
		"owner_account_sid": s.AccountSID, "uri": r.URL.Path,
	})
}

// numbers is GET IncomingPhoneNumbers.json.
func (s *Server) numbers(w http.ResponseWriter, r *http.Request) {
	wanted := r.URL.Query().Get("PhoneNumber")
	found := []map[string]any{}
	for i, number := range s.Numbers {
		if wanted != "" && wanted != number {
			continue
		}
		found = append(found, map[string]any{
			"sid": "PN" + strings.Repeat("0", 31) + strconv.Itoa(i%10), "account_sid": s.AccountSID,
			"phone_number": number, "friendly_name": number, "sms_url": s.knobs.inboundURL(), "sms_method": "POST",
			"capabilities": map[string]bool{"sms": true, "mms": true, "voice": true},
		})
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"incoming_phone_numbers": found, "page": 0, "page_size": defaultPage, "start": 0,
		"end": max(0, len(found)-1), "uri": r.URL.RequestURI(), "next_page_uri": nil,
	})
}
