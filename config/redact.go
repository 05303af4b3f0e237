package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Redacted is the configuration in effect as YAML, every key with its value, defaults included.
// In place of each secret that is set there are eight stars; so it is for the user and password of
// a URL. It can be put into a log or a ticket.
func (c Config) Redacted() string {
	out, err := yaml.Marshal(redacted(fieldsOf(&c)))
	if err != nil {
		// Text, numbers and times are all that there is, and they can be written.
		panic("config: " + err.Error())
	}
	return string(out)
}

// String is Redacted, so that a configuration that is printed by mistake gives nothing away.
func (c Config) String() string { return c.Redacted() }

// GoString is Redacted, for the same reason.
func (c Config) GoString() string { return c.Redacted() }

func redacted(section *field) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range section.fields {
		if f.content != nil {
			continue
		}
		value := &yaml.Node{}
		if f.isSection() {
			value = redacted(f)
		} else {
			value.SetString(f.redactedText())
			if f.value.Kind() != reflect.String {
				value.Tag, value.Style = "", 0 // a number stands without quotes
			}
		}
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: f.name}, value)
	}
	return out
}

func (f *field) redactedText() string {
	if f.value.Kind() != reflect.String {
		return fmt.Sprint(f.value.Interface())
	}
	text := f.value.String()
	switch {
	case f.secret && text != "":
		return mask
	case strings.Contains(text, "://"):
		return hideUser(text)
	default:
		return text
	}
}
