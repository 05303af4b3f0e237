package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"revere/cmd/revere/client"
)

// A subscribersExportCommand writes a file.
type subscribersExportCommand struct {
	Format string `default:"csv" enum:"csv,json" placeholder:"csv|json" help:"What to write (${default})."`
	Output string `short:"o" placeholder:"FILE" help:"Where to (else standard output). The file is for you alone: it holds phone numbers."`
}

// Help implements kong.HelpProvider.
func (subscribersExportCommand) Help() string {
	return example("revere subscribers export > subscribers.csv", "revere subscribers export --format json --output subscribers.json")
}

// Run exports.
func (cmd *subscribersExportCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	kind, err := fileKind("", cmd.Format)
	if err != nil {
		return err
	}
	r := client.Request{Path: client.Path("subscribers", "export"), Accept: kind, Import: true}
	if cmd.Output == "" {
		return copyTo(ctx, server, env.stdout, r)
	}
	return writeFile(cmd.Output, func(f *os.File) error { return copyTo(ctx, server, f, r) })
}

// writeFile writes a file that only its owner may read. It is there whole or, as it was before, not
// at all.
func writeFile(name string, write func(*os.File) error) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory: name a file in it", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".revere-*") // mode 0600
	if err != nil {
		return unwritable(name, err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // which has gone when it was renamed
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// unwritable says why there can be no file of that name, without the passing name under which it would
// have been written.
func unwritable(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s can't be written: there is no directory %s; make it first, or name a file elsewhere", name, filepath.Dir(name))
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return fmt.Errorf("%s can't be written: directory %s: %w", name, filepath.Dir(name), err)
}
