package backup

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"revere/alerting/engine"
)

// A Source is what is backed up.
type Source interface {
	// CopyStream writes a copy of a stream to w, with at least what was acknowledged before the call.
	CopyStream(ctx context.Context, stream string, w io.Writer) (engine.StreamCopy, error)
}

// pieceSize is how much of a stream one entry of the archive has: its size must be known before it
// is written, and a stream's is not.
const pieceSize = 1 << 20

// A Writer makes backups.
type Writer struct {
	Source  Source
	Version string // of the program
	Now     func() time.Time
}

// Write writes a backup to w that only the recipients can read. It is complete when Write has
// returned without error.
func (b Writer) Write(ctx context.Context, w io.Writer, recipients []age.Recipient) (Contents, error) {
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return Contents{}, fmt.Errorf("encrypt the backup: %w", err)
	}
	archive := tar.NewWriter(sealed)
	contents := Contents{Format: format, Version: b.Version}
	for _, name := range engine.BackupOrder() {
		stream, err := b.stream(ctx, archive, name)
		if err != nil {
			return Contents{}, err
		}
		contents.Streams = append(contents.Streams, stream)
	}
	contents.Made = b.Now().UTC().Truncate(time.Millisecond)
	data, err := json.Marshal(contents)
	if err != nil {
		return Contents{}, err
	}
	if err := writeEntry(archive, contentsName, data); err != nil {
		return Contents{}, err
	}
	if err := archive.Close(); err != nil {
		return Contents{}, err
	}
	return contents, sealed.Close()
}

func (b Writer) stream(ctx context.Context, archive *tar.Writer, name string) (Stream, error) {
	digest := sha256.New()
	pieces := &pieceWriter{archive: archive, stream: name}
	buffer := bufio.NewWriterSize(pieces, pieceSize)
	copied, err := b.Source.CopyStream(ctx, name, io.MultiWriter(buffer, digest))
	if err != nil {
		return Stream{}, err
	}
	if err := buffer.Flush(); err != nil {
		return Stream{}, err
	}
	return Stream{StreamCopy: copied, Pieces: pieces.n, Bytes: pieces.bytes, SHA256: hex.EncodeToString(digest.Sum(nil))}, nil
}

// A pieceWriter makes an entry of the archive of everything that it is given at once.
type pieceWriter struct {
	archive *tar.Writer
	stream  string
	n       int
	bytes   int64
}

// Write implements io.Writer.
func (p *pieceWriter) Write(data []byte) (int, error) {
	p.n++
	p.bytes += int64(len(data))
	if err := writeEntry(p.archive, pieceName(p.stream, p.n), data); err != nil {
		return 0, err
	}
	return len(data), nil
}

func pieceName(stream string, n int) string { return fmt.Sprintf("%s/%08d", stream, n) }

func writeEntry(archive *tar.Writer, name string, data []byte) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err := archive.Write(data)
	return err
}
