package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"path"
	"strconv"

	"filippo.io/age"

	"revere/alerting"
	"revere/alerting/engine"
)

// maxEntry bounds an entry of an archive, in bytes: a piece is smaller, and what describes a stream
// takes a few KiB.
const maxEntry = 4 << 20

// Check reads a backup to its end and tells what it holds. It writes nothing. An error says that the
// keys do not open it, that it is not a backup, or that it is damaged or not complete.
func Check(file io.Reader, keys []age.Identity) (Contents, error) {
	opened, err := unlock(file, keys)
	if err != nil {
		return Contents{}, err
	}
	return check(opened)
}

// unlock opens what is encrypted. age vouches for what is read of it when its end was read.
func unlock(file io.Reader, keys []age.Identity) (io.Reader, error) {
	opened, err := age.Decrypt(file, keys...)
	if err != nil {
		return nil, alerting.Errorf(alerting.CodeForbidden, "the backup can't be opened: %v; is it a file of `revere backup`, and the key the one that belongs to its recipient?", err)
	}
	return opened, nil
}

func check(opened io.Reader) (Contents, error) {
	var found []*tally
	contents, err := walk(opened, func(stream string, n int, piece io.Reader) error {
		if n == 1 {
			found = append(found, &tally{stream: stream, digest: sha256.New()})
		}
		if len(found) == 0 || found[len(found)-1].stream != stream {
			return damaged("piece %d of %s stands alone", n, stream)
		}
		return found[len(found)-1].add(n, piece)
	})
	if err != nil {
		return Contents{}, err
	}
	if err := contents.valid(); err != nil {
		return Contents{}, err
	}
	if len(found) != len(contents.Streams) {
		return Contents{}, damaged("it has %d streams and speaks of %d", len(found), len(contents.Streams))
	}
	for i, s := range contents.Streams {
		if err := found[i].differs(s); err != nil {
			return Contents{}, err
		}
	}
	return contents, nil
}

// A tally is what was found of one stream.
type tally struct {
	stream string
	pieces int
	bytes  int64
	digest hash.Hash
}

func (t *tally) add(n int, piece io.Reader) error {
	if n != t.pieces+1 {
		return damaged("piece %d stands where piece %d belongs", n, t.pieces+1)
	}
	t.pieces = n
	length, err := io.Copy(t.digest, piece)
	t.bytes += length
	return err
}

func (t *tally) differs(s Stream) error {
	switch {
	case t.stream != s.Name:
		return damaged("the stream %s stands where %s belongs", t.stream, s.Name)
	case t.pieces != s.Pieces || t.bytes != s.Bytes || hex.EncodeToString(t.digest.Sum(nil)) != s.SHA256:
		return damaged("the stream %s is not what was copied", s.Name)
	}
	return nil
}

// A Target takes streams, one after the other.
type Target interface {
	Stream(ctx context.Context, copied engine.StreamCopy, data io.Reader) error
}

// Restore gives the streams of a backup to a target. contents are what Check has found in the same
// file; one that has changed since is an error, after which the target is not to be kept.
func Restore(ctx context.Context, file io.Reader, keys []age.Identity, contents Contents, target Target) error {
	opened, err := unlock(file, keys)
	if err != nil {
		return err
	}
	return restore(ctx, opened, contents, target)
}

func restore(ctx context.Context, opened io.Reader, contents Contents, target Target) error {
	left := contents.Streams
	var open *feed
	defer func() { open.abandon() }()
	again, err := walk(opened, func(stream string, n int, piece io.Reader) error {
		if n == 1 {
			if err := open.end(); err != nil {
				return err
			}
			if open = nil; len(left) == 0 || left[0].Name != stream {
				return damaged("the stream %s has moved since it was checked", stream)
			}
			open, left = begin(ctx, target, left[0]), left[1:]
		}
		if open == nil {
			return damaged("the stream %s does not begin with its first piece", stream)
		}
		return open.take(piece)
	})
	if err != nil {
		return err
	}
	if err := open.end(); err != nil {
		return err
	}
	open = nil
	if len(left) > 0 || !again.Made.Equal(contents.Made) {
		return damaged("it has changed since it was checked")
	}
	return nil
}

// A feed hands one stream's pieces to a target as one.
type feed struct {
	stream Stream
	pipe   *io.PipeWriter
	digest hash.Hash
	done   chan struct{} // closed when the target has returned
	err    error         // then: what it returned
}

func begin(ctx context.Context, target Target, s Stream) *feed {
	reading, writing := io.Pipe()
	f := &feed{stream: s, pipe: writing, digest: sha256.New(), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		if f.err = target.Stream(ctx, s.StreamCopy, reading); f.err == nil {
			_, f.err = io.Copy(io.Discard, reading) // nothing, of a target that reads to the end
		}
		_ = reading.CloseWithError(f.err) // never fails, by its documentation
	}()
	return f
}

func (f *feed) take(piece io.Reader) error {
	_, err := io.Copy(io.MultiWriter(f.digest, f.pipe), piece)
	return err
}

// end says that the stream is complete, and waits until the target has it.
func (f *feed) end() error {
	if f == nil {
		return nil
	}
	if hex.EncodeToString(f.digest.Sum(nil)) != f.stream.SHA256 {
		return damaged("the stream %s has changed since it was checked", f.stream.Name)
	}
	_ = f.pipe.Close() // likewise
	<-f.done
	return f.err
}

// abandon breaks off what was not ended, and waits until the target has let go.
func (f *feed) abandon() {
	if f != nil {
		_ = f.pipe.CloseWithError(errBroken) // likewise
		<-f.done
	}
}

var errBroken = errors.New("the restore was broken off")

// walk reads an archive to its end, and calls visit with every piece in its order.
func walk(opened io.Reader, visit func(stream string, n int, piece io.Reader) error) (contents Contents, err error) {
	archive := tar.NewReader(opened)
	for {
		entry, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return contents, damaged("it is not complete")
		case err != nil:
			return contents, damaged("%v", err)
		case entry.Typeflag != tar.TypeReg || entry.Size > maxEntry:
			return contents, damaged("it has an entry %q that is none of ours", entry.Name)
		case entry.Name == contentsName:
			return readContents(archive, opened)
		}
		stream, number := path.Split(entry.Name)
		n, err := strconv.Atoi(number)
		if err != nil || len(stream) < 2 || pieceName(stream[:len(stream)-1], n) != entry.Name {
			return contents, damaged("it has an entry %q that is none of ours", entry.Name)
		}
		if err := visit(stream[:len(stream)-1], n, archive); err != nil {
			return contents, err
		}
	}
}

// readContents reads the last entry, and makes sure that it is.
func readContents(archive *tar.Reader, opened io.Reader) (contents Contents, err error) {
	data, err := io.ReadAll(archive)
	if err != nil {
		return contents, damaged("%v", err)
	}
	if err := json.Unmarshal(data, &contents); err != nil {
		return contents, damaged("its contents can't be read: %v", err)
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return contents, damaged("something follows where it should end")
	}
	if _, err := io.Copy(io.Discard, opened); err != nil {
		return contents, damaged("%v", err)
	}
	return contents, nil
}
