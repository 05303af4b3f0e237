package smtpsim_test

import (
	"context"
	"fmt"

	"revere/integration/smtpsim"
)

// A stand-in refuses one recipient and takes the mail of another.
func Example() {
	server := &smtpsim.Server{}
	if err := server.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer server.Stop()
	server.Inject(smtpsim.Fault{
		At: smtpsim.AtRcpt, To: "gone@boston.example",
		Reply: smtpsim.Reply{Code: 550, Status: "5.1.1", Text: "no such user"},
	})

	ctx, mail := context.Background(), []byte("Subject: Drill\r\n\r\nThis is a drill.\r\n")
	refused := smtpsim.Deliver(ctx, server.Address(), "soc@ma.example", "gone@boston.example", mail)
	taken := smtpsim.Deliver(ctx, server.Address(), "soc@ma.example", "clerk@boston.example", mail)
	fmt.Println(refused != nil, taken)
	for _, m := range server.Mails() {
		fmt.Println(m.To, m.Get("Subject"))
	}
	// Output:
	// true <nil>
	// [clerk@boston.example] Drill
}
