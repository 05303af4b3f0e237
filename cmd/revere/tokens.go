package main

import (
	"context"
	"encoding/json"
	"net/http"

	"revere/alerting/api"
	"revere/cmd/revere/client"
)

// tokensCommands keep the tokens.
type tokensCommands struct {
	New    tokensNewCommand    `cmd:"" help:"Make a token; it is shown once."`
	List   tokensListCommand   `cmd:"" help:"List tokens, without what they are."`
	Revoke tokensRevokeCommand `cmd:"" help:"End a token, at once."`
}

// Help implements kong.HelpProvider.
func (tokensCommands) Help() string {
	return example(`revere tokens new --role producer --areas "ma" --name state-desk`, "revere tokens list")
}

// A tokensNewCommand makes a token.
type tokensNewCommand struct {
	Role  string   `required:"" enum:"admin,producer,viewer" placeholder:"ROLE" help:"admin: everything; producer: publish and correct for its areas; viewer: read."`
	Areas []string `placeholder:"AREA" help:"Areas that a producer may publish for."`
	Name  string   `placeholder:"TEXT" help:"What it is for."`
	format
}

// Help implements kong.HelpProvider.
func (tokensNewCommand) Help() string {
	return example(`revere tokens new --role producer --areas "ma" --name state-desk`, "revere tokens new --role viewer --name wall-display > token")
}

// Run makes a token. The token alone goes to stdout, so that it can be put into a file.
func (cmd *tokensNewCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	body, err := json.Marshal(map[string]any{"role": cmd.Role, "areas": cmd.Areas, "name": cmd.Name})
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := server.Do(ctx, client.Request{Method: http.MethodPost, Path: client.Path("tokens"), Body: body}, &raw); err != nil {
		return err
	}
	made, err := read[api.NewToken](raw)
	if err != nil {
		return err
	}
	env.sayf("This is the token %s (%s). It is shown this once and kept nowhere: put it where it is used, as $%s or --token.", made.Name, made.ID, tokenVariable)
	return cmd.print(env, raw, func() string { return made.Secret + "\n" })
}

// A tokensListCommand lists tokens.
type tokensListCommand struct {
	format
}

// Help implements kong.HelpProvider.
func (tokensListCommand) Help() string { return example("revere tokens list") }

// Run lists.
func (cmd *tokensListCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	raw, tokens, err := list[api.TokenView](ctx, server, client.Path("tokens"), filters(), 0)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string {
		t := newTable("ID", "NAME", "ROLE", "AREAS", "MADE")
		for _, token := range tokens {
			t.add(token.ID, token.Name, string(token.Role), some(token.Areas), env.clock(token.Created))
		}
		return t.String()
	})
}

// A tokensRevokeCommand ends a token.
type tokensRevokeCommand struct {
	ID string `arg:"" help:"The token's id, as the list shows it; never the token."`
	format
}

// Help implements kong.HelpProvider.
func (tokensRevokeCommand) Help() string { return example("revere tokens revoke k3f9x2pq") }

// Run revokes.
func (cmd *tokensRevokeCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	return remove(ctx, env, server, cmd.format, client.Path("tokens", cmd.ID), "token "+cmd.ID+" is revoked")
}
