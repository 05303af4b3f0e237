package subscribers_test

import (
	"fmt"
	"strings"

	"revere/alerting"
	"revere/subscribers"
)

func ExampleView_Match() {
	directory := subscribers.NewDirectory()
	clerk := &subscribers.Subscriber{ID: "boston-clerk", Name: "Boston Clerk", Areas: []alerting.Area{"ma.boston"},
		Contacts: []subscribers.Contact{
			{Channel: "sms", Address: "+16175550100", MinSeverity: alerting.Extreme},
			{Channel: "email", Address: "clerk@boston.example"},
		}}
	desk := &subscribers.Subscriber{ID: "state-desk", Name: "State desk", Areas: []alerting.Area{"ma.statewide"},
		Contacts: []subscribers.Contact{{Channel: "email", Address: "desk@state.example"}}}
	quincy := &subscribers.Subscriber{ID: "quincy-clerk", Name: "Quincy Clerk", Areas: []alerting.Area{"ma.quincy"},
		Contacts: []subscribers.Contact{{Channel: "email", Address: "clerk@quincy.example"}}}
	if err := directory.Apply(1, []subscribers.Change{clerk.Put(), desk.Put(), quincy.Put()}); err != nil {
		fmt.Println(err)
	}

	directory.Read(func(v *subscribers.View) {
		for _, m := range v.Match([]alerting.Area{"ma.boston"}, alerting.Severe, nil) {
			fmt.Println(m.Name, m.Areas, m.Contacts[0].Channel)
		}
	})
	// Output:
	// Boston Clerk [ma.boston] email
	// State desk [ma.statewide] email
}

func ExampleImporter_CSV() {
	directory := subscribers.NewDirectory()
	im := subscribers.Importer{Directory: directory, Validator: subscribers.Validator{
		Atlas:     directory.Atlas(),
		Addresses: map[string]func(string) (string, error){"sms": parsePhone, "email": parseMail},
	}}

	plan, err := im.CSV(strings.NewReader("id,name,areas,sms,email\n" +
		"boston-clerk,Boston Clerk,ma.county-suffolk,617-555-0100,clerk@boston.example\n"))
	fmt.Printf("%+v %v\n%s\n", plan.Summary, err, plan.Changes[0].Value)

	_, err = im.CSV(strings.NewReader("id,name,areas,sms,email\n" +
		"boston-clerk,Boston Clerk,ma.county-sufolk,617-555-0100,clerk\n"))
	fmt.Println(strings.ReplaceAll(err.Error(), "; rows", "\nrows"))
	// Output:
	// {Added:1 Changed:0 Unchanged:0 Removed:0} <nil>
	// {"id":"boston-clerk","name":"Boston Clerk","areas":["ma.county-suffolk"],"contacts":[{"channel":"sms","address":"+16175550100"},{"channel":"email","address":"clerk@boston.example"}]}
	// the subscribers were refused, nothing was changed
	// rows/2/areas: line 2, column areas: "ma.county-sufolk" is no county of Massachusetts; the nearest is "ma.county-suffolk" (Suffolk County)
	// rows/2/email: line 2, column email: "clerk": not a mail address; write it as clerk@example.org
}
