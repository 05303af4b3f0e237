package main

import (
	"fmt"
	"io"
	"os"
)

// readInput reads a file, or standard input where it is called "-". More than limit bytes are
// refused.
func readInput(env environment, name string, limit int64) ([]byte, error) {
	source := env.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		source = file
	}
	content, err := io.ReadAll(io.LimitReader(source, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s can't be read: %w", inputName(name), err)
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("%s is larger than the %d KiB that are taken", inputName(name), limit>>10)
	case len(content) == 0:
		return nil, fmt.Errorf("%s is empty", inputName(name))
	}
	return content, nil
}

func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}
