package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// mask stands where a secret is.
const mask = "********"

// maxSecretFile bounds a file that holds a secret, in bytes: none is near it, and a path to the
// wrong file should not fill the memory.
const maxSecretFile = 64 << 10

// readSecretFiles replaces, in one layer, each path to a secret by the secret.
func (l layer) readSecretFiles(root *field, p *problems) {
	for f := range root.all() {
		path, given := l.values[f.path]
		if f.content == nil || !given {
			continue
		}
		at, secret := l.places[f.path], f.content
		delete(l.values, f.path)
		if _, both := l.values[secret.path]; both {
			p.add(f.path, at, "%s is given too, in %s; give one of the two", secret.path, l.places[secret.path])
			continue
		}
		l.places[secret.path] = at
		content, err := readSecret(path)
		if err != nil {
			p.add(f.path, at, "%s", err)
			continue
		}
		l.values[secret.path] = content
	}
}

// readSecret reads a file without the line break that editors leave at its end.
// Its errors name the path and never the content.
func readSecret(path string) (string, error) {
	content, err := readBounded(path, maxSecretFile)
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("the file %q is empty; write the secret into it", path)
	}
	return secret, nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fileError(path, err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("the file %q is larger than %d bytes; is it the right one?", path, limit)
	}
	return content, nil
}

// fileError says once which file it is.
func fileError(path string, err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return fmt.Errorf("can't read the file %q: %w", path, err)
}

// scrub takes the secrets out of a text. Those of less than four characters stay: they protect
// nothing, and taking them out would garble words.
func scrub(text string, secrets []string) string {
	for _, s := range secrets {
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, mask)
		}
	}
	return text
}
