package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/rs/zerolog"

	"revere/alerting/backup"
	"revere/cmd/service"
)

// runRestore checks the backup, and restores it unless this is a dry run.
func runRestore(ctx context.Context, env environment, to connection, cmd restoreCommand) error {
	keys, err := readKeys(cmd.IdentityFile)
	if err != nil {
		return err
	}
	file, err := os.Open(cmd.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if cmd.DryRun {
		contents, err := backup.Check(file, keys)
		if err != nil {
			return err
		}
		return cmd.show(env, service.Restored{Contents: contents})
	}
	c, err := loadConfig(env, to)
	if err != nil {
		return err
	}
	log, err := newLog(c.Log, env.stderr)
	if err != nil {
		return err
	}
	restored, err := service.Restore(ctx, service.RestoreOrder{Config: c, File: file, Keys: keys, Log: log.Level(zerolog.WarnLevel)})
	if err != nil {
		return err
	}
	return cmd.show(env, restored)
}

func readKeys(name string) ([]age.Identity, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return backup.ParseKeys(file)
}

func (cmd restoreCommand) show(env environment, r service.Restored) error {
	view := restoredView{
		DryRun: cmd.DryRun, Made: r.Contents.Made, Version: r.Contents.Version, Streams: len(r.Contents.Streams), Messages: r.Contents.Messages(),
		Into: r.Into, Token: r.TokenFile, Held: !cmd.DryRun,
	}
	raw, err := json.Marshal(view)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return restoredText(env, r, cmd.DryRun) })
}

func restoredText(env environment, r service.Restored, dryRun bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The backup of %s (version %s) is complete: %d messages of %d streams.\n",
		env.clock(r.Contents.Made), r.Contents.Version, r.Contents.Messages(), len(r.Contents.Streams))
	if dryRun {
		b.WriteString("Nothing was restored, this was a dry run.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "It was restored into %s; a new admin token is in %s.\n", r.Into, r.TokenFile)
	b.WriteString("What happened after it was made is lost here: alerts, answers, and people who sent STOP.\n" +
		"Nothing is sent yet. Run `revere serve`, then `revere release`: it shows what would go out, and lets it go.\n")
	return b.String()
}
