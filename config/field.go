package config

import (
	"iter"
	"reflect"
	"strings"
	"time"

	"github.com/agext/levenshtein"
)

// secretFileSuffix makes a secret's key the key of a path to it: auth_token_file.
const secretFileSuffix = "_file"

// A field is one key of the configuration or a section of keys.
type field struct {
	name   string
	path   string        // from the root, with dots; "channels.sms.auth_token"
	value  reflect.Value // what the key sets; not valid for a section or a file key
	secret bool
	// content is set for a file key: the secret that is in the file which the key names.
	content *field
	// fields are the keys of a section, in the order of its struct.
	fields []*field
}

func (f *field) isSection() bool { return f.fields != nil }

// fieldsOf describes a configuration: its own keys, and under "channels" each channel's section.
func fieldsOf(c *Config) *field {
	root := &field{fields: structFields("", reflect.ValueOf(c).Elem())}
	channels := root.child("channels")
	var sections []*field
	for _, s := range c.Channels.sections {
		path := channels.path + "." + s.Name
		sections = append(sections, &field{name: s.Name, path: path, fields: structFields(path, reflect.ValueOf(s.Config).Elem())})
	}
	channels.fields = append(sections, channels.fields...)
	return root
}

func structFields(path string, v reflect.Value) []*field {
	fields := []*field{}
	for i := range v.NumField() {
		spec := v.Type().Field(i)
		name := spec.Tag.Get("koanf")
		if name == "" || name == "-" {
			continue
		}
		f := &field{name: name, path: join(path, name), secret: spec.Tag.Get("secret") == "true"}
		if spec.Type.Kind() == reflect.Struct {
			f.fields = structFields(f.path, v.Field(i))
		} else {
			f.value = v.Field(i)
		}
		fields = append(fields, f)
		if f.secret {
			fields = append(fields, &field{name: name + secretFileSuffix, path: f.path + secretFileSuffix, content: f})
		}
	}
	return fields
}

func (f *field) child(name string) *field {
	for _, c := range f.fields {
		if c.name == name {
			return c
		}
	}
	return nil
}

// all yields every section and key below f, a section before its keys.
func (f *field) all() iter.Seq[*field] {
	return func(yield func(*field) bool) { f.walk(yield) }
}

func (f *field) walk(yield func(*field) bool) bool {
	for _, c := range f.fields {
		if !yield(c) || !c.walk(yield) {
			return false
		}
	}
	return true
}

// keys yields every key below f, without the sections.
func (f *field) keys() iter.Seq[*field] {
	return func(yield func(*field) bool) {
		for c := range f.all() {
			if !c.isSection() && !yield(c) {
				return
			}
		}
	}
}

// nearest returns that one of the known fields which an unknown path most likely means: the one
// with the fewest letters to change, counted over the whole path or over its last part alone, since
// a key in the wrong section is as common a slip as a misspelt one.
func nearest(unknown string, known iter.Seq[*field]) *field {
	var best *field
	bestDistance := 0
	_, name := split(unknown)
	for f := range known {
		distance := min(levenshtein.Distance(unknown, f.path, nil), 1+levenshtein.Distance(name, f.name, nil))
		if best == nil || distance < bestDistance {
			best, bestDistance = f, distance
		}
	}
	return best
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// split undoes join.
func split(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)], path[i+1:]
}

// wants says in words what a key takes.
func (f *field) wants() string {
	if f.value.Type() == reflect.TypeFor[time.Duration]() {
		return `a duration such as "60s" or "5m"`
	}
	switch kind := f.value.Kind(); {
	case kind == reflect.String:
		return "text"
	case kind == reflect.Bool:
		return "true or false"
	case f.value.CanInt(), f.value.CanUint():
		return "a whole number"
	case f.value.CanFloat():
		return "a number"
	default:
		return "a " + f.value.Type().String()
	}
}
