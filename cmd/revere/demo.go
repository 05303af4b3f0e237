package main

import (
	"context"

	"revere/cmd/demo"
)

// runDemo tells the demo's story.
func runDemo(ctx context.Context, env environment, _ connection, cmd demoCommand) error {
	return demo.Run(ctx, env.stdout, demo.Options{
		Once: cmd.Once, Listen: cmd.Listen, NATSListen: cmd.NATSListen, Speed: cmd.Speed, Kinds: kinds,
	})
}
