package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// readFile reads the YAML file at path. It reports false when there is no telling what the file
// says; an empty path is an empty file.
func readFile(path string, root *field, wrong *problems) (layer, bool) {
	l := newLayer()
	if path == "" {
		return l, true
	}
	content, err := readBounded(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		wrong.add("", place{}, "there is no file %q; make one from cmd/revere/revere.example.yaml, which explains every key, or give no file and use REVERE_ variables", path)
		return l, false
	}
	if err != nil {
		wrong.add("", place{}, "%s", err)
		return l, false
	}
	reader := yamlReader{name: path, root: root, layer: l, wrong: wrong}
	return l, reader.document(content)
}

// A yamlReader takes the values out of a YAML document as their text, together with their lines.
type yamlReader struct {
	name  string
	root  *field
	layer layer
	wrong *problems
}

// document reads the whole file, and reports false when it is not YAML.
func (r yamlReader) document(content []byte) bool {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, more yaml.Node
	err := decoder.Decode(&document)
	if err == nil {
		r.section(r.root, document.Content[0])
		err = decoder.Decode(&more)
	}
	switch {
	case err == nil:
		r.wrong.add("", r.at(&more), "a second document begins here; a configuration is one, so take the line --- out")
	case !errors.Is(err, io.EOF): // a file of comments alone ends before its first document
		r.wrong.add("", r.atError(err), "this is not YAML: %s", syntaxError(err))
		return false
	}
	return true
}

func (r yamlReader) section(f *field, n *yaml.Node) {
	n = resolve(n)
	if n.Tag == "!!null" {
		return // a section whose keys are all commented out
	}
	if n.Kind != yaml.MappingNode {
		r.wrong.add(f.path, r.at(n), "expected a section of keys, each as \"key: value\" on a line of its own")
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		child := f.child(key.Value)
		switch {
		case child == nil:
			r.unknown(f, key)
		case first[key.Value] != nil:
			r.wrong.add(child.path, r.at(key), "given twice, first on line %d; keep one", first[key.Value].Line)
		default:
			first[key.Value] = key
			r.layer.places[child.path] = r.at(key)
			r.field(child, value)
		}
	}
}

func (r yamlReader) field(f *field, n *yaml.Node) {
	if f.isSection() {
		r.section(f, n)
		return
	}
	n = resolve(n)
	switch {
	case n.Kind != yaml.ScalarNode:
		target := f
		if f.content != nil {
			target = f.content
		}
		r.wrong.add(f.path, r.at(n), "expected %s, not a list or a section", target.wants())
	case n.Tag != "!!null":
		r.layer.values[f.path] = n.Value
	}
}

func (r yamlReader) unknown(section *field, key *yaml.Node) {
	known := nearest(join(section.path, key.Value), r.root.all())
	r.wrong.add(join(section.path, shownKey(key.Value)), r.at(key), "unknown key; the nearest known one is %s", known.path)
}

func (r yamlReader) at(n *yaml.Node) place { return place{name: r.name, line: n.Line} }

var yamlLine = regexp.MustCompile(`line (\d+): `)

func (r yamlReader) atError(err error) place {
	if match := yamlLine.FindStringSubmatch(err.Error()); match != nil {
		if line, err := strconv.Atoi(match[1]); err == nil {
			return place{name: r.name, line: line}
		}
	}
	return place{name: r.name}
}

// syntaxError words what the YAML parser found. It is the only one of the parser's messages that
// quotes the file that is reworded here: the text might be a password.
func syntaxError(err error) string {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.HasPrefix(message, "unknown anchor") {
		return "a value that begins with * or & needs quotes around it"
	}
	message = yamlLine.ReplaceAllString(message, "")
	for found, hint := range yamlHints {
		if strings.Contains(message, found) {
			return message + "; " + hint
		}
	}
	return message
}

// yamlHints say what is meant by messages that only the parser's author understands.
var yamlHints = map[string]string{
	"cannot start any token":         "indent with spaces, not tabs, and put quotes around a value that begins with @, ` or %",
	"mapping values are not allowed": "indent the line as its neighbours are, and put quotes around a value that has a colon in it",
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
