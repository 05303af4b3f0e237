package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	"revere/alerting/backup"
	"revere/cmd/revere/client"
)

// A keygenCommand makes the key that backups are encrypted for.
type keygenCommand struct {
	File string `arg:"" placeholder:"FILE" help:"Where to write the secret key. Keep it where neither this machine nor the backups are."`
	format
}

// Help implements kong.HelpProvider.
func (keygenCommand) Help() string {
	return "Prints the public key, which makes backups and is no secret. Only the file opens them: without it they are lost.\n\n" +
		example("revere keygen backup.key")
}

// Run makes a key.
func (cmd *keygenCommand) Run(env environment) error {
	file, recipient, err := backup.NewKey(env.now())
	if err != nil {
		return err
	}
	f, err := os.OpenFile(cmd.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // never over a key that opens older backups
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a file %s already, and nothing was written over it: it may be the only key to older backups; name another", cmd.File)
	}
	if err != nil {
		return err
	}
	if _, err := f.WriteString(file); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]string{"recipient": recipient, "file": cmd.File})
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return recipient + "\n" })
}

// A backupCommand makes a backup of the running service.
type backupCommand struct {
	File      string   `arg:"" placeholder:"FILE" help:"Where to write the backup: whole, or not at all."`
	Recipient []string `required:"" sep:"none" placeholder:"KEY" help:"Public key (age1…) of whoever may read it. May be given several times; revere keygen makes one."`
	format
}

// Help implements kong.HelpProvider.
func (backupCommand) Help() string {
	return "The service goes on meanwhile. The backup holds everything but leases and admin.token: alerts and what became of them, the directory, secrets of links.\n\n" +
		example("revere backup --recipient age1… /backups/revere-$(date +%F).age")
}

// Run makes the backup.
func (cmd *backupCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	if _, err := backup.ParseRecipients(cmd.Recipient); err != nil {
		return usageError(err.Error())
	}
	body, err := json.Marshal(backup.Order{Recipients: cmd.Recipient})
	if err != nil {
		return err
	}
	var receipt backup.Receipt
	err = writeFile(cmd.File, func(f *os.File) (err error) {
		receipt, err = fetchBackup(ctx, server, f, body)
		return err
	})
	if err != nil {
		return err
	}
	raw, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string {
		return fmt.Sprintf("backup  %s\nmade    %s\nholds   %d messages of %d streams\nbytes   %d\nsha256  %s\n",
			cmd.File, env.clock(receipt.Made), receipt.Messages, receipt.Streams, receipt.Bytes, receipt.SHA256)
	})
}

// fetchBackup writes to w what the service sends, and makes sure that all of it has come.
func fetchBackup(ctx context.Context, server *client.Client, w io.Writer, order []byte) (backup.Receipt, error) {
	var receipt backup.Receipt
	answer, err := server.Open(ctx, client.Request{Method: http.MethodPost, Path: client.Path("backup"), Body: order, Accept: "application/octet-stream", Import: true})
	if err != nil {
		return receipt, err
	}
	defer func() { _ = answer.Body.Close() }()
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, digest), answer.Body)
	if err != nil {
		return receipt, fmt.Errorf("the backup was broken off after %d bytes, and nothing was kept: %w; the service's log says why", n, err)
	}
	if err := json.Unmarshal([]byte(answer.Trailer.Get(backup.ReceiptTrailer)), &receipt); err != nil {
		return receipt, errors.New("the backup came without its receipt, so it may not be complete, and nothing was kept; does a proxy between here and the service drop trailers? Run it on the service's machine")
	}
	if receipt.Bytes != n || receipt.SHA256 != hex.EncodeToString(digest.Sum(nil)) {
		return receipt, fmt.Errorf("%d bytes came and are not the %d that were sent; nothing was kept", n, receipt.Bytes)
	}
	return receipt, nil
}

// A restoreCommand fills an empty installation from a backup.
type restoreCommand struct {
	File         string `arg:"" placeholder:"FILE" help:"The backup."`
	IdentityFile string `required:"" placeholder:"FILE" help:"The secret key of one of its recipients, as revere keygen or age-keygen wrote it."`
	DryRun       bool   `help:"Only check that the backup is complete and the key opens it."`
	format
}

// Help implements kong.HelpProvider.
func (restoreCommand) Help() string {
	return "Restores into the data directory or the cluster account that the configuration names, which must be empty. " +
		"What was restored sends nothing until `revere release`. Stop the old service first, and for good.\n\n" +
		example("revere restore revere-2026-11-03.age --identity-file backup.key --dry-run",
			"revere restore revere-2026-11-03.age --identity-file backup.key --config revere.yaml")
}

// Run restores.
func (cmd *restoreCommand) Run(ctx context.Context, env environment, to connection) error {
	return runRestore(ctx, env, to, *cmd)
}

// A restoredView is what a restore did, for programs.
type restoredView struct {
	DryRun   bool      `json:"dry_run"`
	Made     time.Time `json:"made"`
	Version  string    `json:"version"`
	Streams  int       `json:"streams"`
	Messages uint64    `json:"messages"`
	Into     string    `json:"into,omitempty"`
	Token    string    `json:"token_file,omitempty"`
	Held     bool      `json:"held"`
}
