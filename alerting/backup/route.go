package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"filippo.io/age"
	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"revere/alerting/access"
	"revere/alerting/api"
)

// ReceiptTrailer is the trailer of a backup's answer: a Receipt as JSON. An answer without it is not
// complete.
const ReceiptTrailer = "Revere-Backup"

// A Receipt says what was sent, so that whoever keeps it knows that all of it has come.
type Receipt struct {
	Made     time.Time `json:"made"`
	Streams  int       `json:"streams"`
	Messages uint64    `json:"messages"`
	// Bytes and SHA256 are those of the encrypted file.
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// A Room adds to the API that a backup can be had. It implements api.Room.
type Room struct {
	Writer Writer
	Log    zerolog.Logger
}

var _ api.Room = Room{}

// An Order says for whom a backup is.
type Order struct {
	Recipients []string `json:"recipients" minItems:"1" maxItems:"20" doc:"Public keys (age1…): whoever has the key to one of them can read the backup."`
}

type orderInput struct {
	Body Order
}

// Register implements api.Room.
func (b Room) Register(to *api.Router) {
	api.Handle(to, access.Admin, huma.Operation{
		OperationID: "backup", Method: http.MethodPost, Path: "/api/v1/backup", Tags: []string{"Operating"}, Summary: "Make a backup of everything, while work goes on",
		Description: "The answer is an age file for the recipients. Its trailer " + ReceiptTrailer + " says what it holds; without it the file is not complete.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}}},
	}, func(ctx context.Context, caller access.Token, in *orderInput) (*huma.StreamResponse, error) {
		recipients, err := ParseRecipients(in.Body.Recipients)
		if err != nil {
			return nil, err
		}
		return api.Stream("application/octet-stream", "revere.backup", func(w io.Writer) error {
			return b.send(ctx, w, recipients, caller.Name)
		}), nil
	})
}

// send writes a backup, and its receipt behind it.
func (b Room) send(ctx context.Context, w io.Writer, recipients []age.Recipient, caller string) error {
	digest, count := sha256.New(), &counter{}
	contents, err := b.Writer.Write(ctx, io.MultiWriter(w, digest, count), recipients)
	if err != nil {
		b.Log.Error().Err(err).Str("token", caller).Msg("a backup was broken off")
		return err
	}
	receipt, err := json.Marshal(Receipt{
		Made: contents.Made, Streams: len(contents.Streams), Messages: contents.Messages(), Bytes: count.n, SHA256: hex.EncodeToString(digest.Sum(nil)),
	})
	if err != nil {
		return err
	}
	if answer, ok := w.(http.ResponseWriter); ok {
		answer.Header().Set(http.TrailerPrefix+ReceiptTrailer, string(receipt))
	}
	b.Log.Info().Str("token", caller).Int64("bytes", count.n).Msg("a backup was made")
	return nil
}

type counter struct{ n int64 }

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
