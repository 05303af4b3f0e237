package bare_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/channels/sms/bare"
	"revere/integration/twiliosim"
)

const (
	sid   = "AC00000000000000000000000000000001"
	token = "c0ffee00c0ffee00c0ffee00c0ffee00"
	ours  = "+16175550100"
)

func start(t *testing.T) *twiliosim.Server {
	t.Helper()
	s := &twiliosim.Server{AccountSID: sid, AuthToken: token, Numbers: []string{ours}}
	require.NoError(t, s.Start())
	t.Cleanup(s.Stop)
	return s
}

func TestARefusalIsAnError(t *testing.T) {
	s := start(t)
	c, err := bare.New(bare.Account{BaseURL: s.URL(), SID: sid, Token: token, From: ours, Connections: 1})
	require.NoError(t, err)
	defer c.Close()
	s.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Refuse(400, 21211)})
	assert.ErrorContains(t, c.Send("+16175550123", "a text", "http://127.0.0.1:1/status", 60), "21211")
	s.SetBehavior(twiliosim.Behavior{Answer: &twiliosim.Answer{Status: 201, Body: `{}`}})
	assert.ErrorContains(t, c.Send("+16175550123", "a text", "http://127.0.0.1:1/status", 60), "names none")
	assert.Empty(t, s.Messages())
}

func TestABaseURLThatIsNone(t *testing.T) {
	_, err := bare.New(bare.Account{BaseURL: "http://\x00"})
	assert.ErrorContains(t, err, "base URL")
}

func ExampleClient_Send() {
	s := &twiliosim.Server{AccountSID: sid, AuthToken: token, Numbers: []string{ours}}
	if err := s.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop()
	c, err := bare.New(bare.Account{BaseURL: s.URL(), SID: sid, Token: token, From: ours, Connections: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c.Send("+16175550123", "a text", "", 60))
	fmt.Println(s.Messages()[0].To, s.Messages()[0].Body)
	// Output:
	// <nil>
	// +16175550123 a text
}
