package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"revere/cmd/revere/client"
)

// The exit statuses: scripts branch on them.
const (
	statusOK     = 0
	statusFailed = 1
	statusUsage  = 2 // the command line itself is wrong; nothing was done
)

// run carries out one command line and returns its exit status.
func run(ctx context.Context, args []string, env environment) int {
	if len(args) == 0 { // help, but a script that forgot its command must notice
		env.stdout = env.stderr
		run(ctx, []string{"--help"}, env)
		return statusUsage
	}
	var cli commandLine
	helped := false
	parser, err := newParser(ctx, &cli, env, func() { helped = true })
	if err != nil {
		panic(err) // the commands are declared wrongly, whatever was typed
	}
	parsed, err := parser.Parse(args)
	if helped {
		return statusOK
	}
	if err != nil {
		return report(env, wantsJSON(args), cli.Connection, misused(parser, args, err))
	}
	return report(env, wantsJSON(args), cli.Connection, parsed.Run())
}

// newParser returns what reads a command line into cli. helped is called when help was printed,
// after which the rest of the reading means nothing.
func newParser(ctx context.Context, cli *commandLine, env environment, helped func()) (*kong.Kong, error) {
	return kong.New(cli,
		kong.Name("revere"),
		kong.Description("Fans threat alerts out to municipalities by SMS, email and Signal, and shows who has acknowledged."),
		kong.Writers(env.stdout, env.stderr),
		kong.Exit(func(int) { helped() }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(env),
		// What the flags say is known only when a command runs.
		kong.BindToProvider(func() connection { return cli.Connection }),
		kong.BindToProvider(func() (*client.Client, error) { return cli.Connection.client(env) }),
	)
}

// misused turns what the parser says into a usageError that says where help is.
func misused(parser *kong.Kong, args []string, err error) error {
	node, path := parser.Model.Node, "revere"
	for _, arg := range args {
		at := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == arg })
		if at < 0 {
			break
		}
		node = node.Children[at]
		path += " " + arg
	}
	text := err.Error()
	var own usageError
	if errors.As(err, &own) {
		text = string(own) // without the command's name, which the parser puts before it
	}
	if unknown, found := strings.CutPrefix(text, "unexpected argument "); found && len(node.Children) > 0 {
		name, near, _ := strings.Cut(unknown, ", ")
		text = strings.TrimSuffix(fmt.Sprintf("there is no command %q; %s", name, near), "; ")
	}
	if extra, found := strings.CutPrefix(text, "unexpected argument "); found && len(node.Children) == 0 {
		text = fmt.Sprintf("%q is one argument too many%s", extra, instead(node, extra))
	}
	if missing, found := strings.CutPrefix(text, "expected \"<"); found {
		text = "missing <" + strings.TrimSuffix(missing, `"`)
	}
	return usageError(fmt.Sprintf("%s\n`%s --help` shows how it is used.", text, path))
}

// instead says what was probably meant by an argument that a command does not take; empty where nobody knows.
func instead(node *kong.Node, extra string) string {
	takesText := slices.ContainsFunc(node.Positional, func(v *kong.Value) bool { return v.Name == "headline" })
	switch extension := filepath.Ext(extra); {
	case len(node.Positional) == 0 && (extension == ".yaml" || extension == ".yml"):
		return "; name a configuration with --config"
	case takesText:
		return "; a text of several words needs quotes around it"
	}
	return ""
}
