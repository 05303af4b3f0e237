package config

import (
	"math"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// A layer is what one source gives: the file or the environment. Both give text, so that a value
// means the same in either: a phone number keeps its plus, a password of digits its zeros.
type layer struct {
	values map[string]string // by path
	places map[string]place  // of sections too
}

func newLayer() layer { return layer{values: map[string]string{}, places: map[string]place{}} }

// Load makes the configuration of a process from the defaults, the YAML file at path over them, and
// the environment over both. An empty path means no file. It fills the channels' sections, which
// must hold their defaults.
//
// In environ, as os.Environ returns it, the variable REVERE_CHANNELS__SMS__AUTH_TOKEN sets
// channels.sms.auth_token. An empty variable counts as not given. Every secret can instead be named
// as a file, by its key with "_file" behind it, or its variable with "_FILE".
//
// What is wrong is returned as an *Error: all of it at once, with nothing secret in it.
func Load(path string, environ []string, sections []ChannelSection) (*Config, error) {
	c := defaults(sections)
	root := fieldsOf(c)
	var wrong problems

	file, readable := readFile(path, root, &wrong)
	env := readEnviron(environ, root, &wrong)
	file.readSecretFiles(root, &wrong)
	env.readSecretFiles(root, &wrong)
	secrets := secretsIn(root, file, env)
	if !readable {
		// What a file says that can't be read is unknown, and so is what is wrong with the rest.
		return nil, wrong.err(secrets)
	}

	places := merge(root, &wrong, file, env)
	if c.HTTP.PublicURL == "" {
		c.HTTP.PublicURL = publicURL(c.HTTP.Listen)
	}
	c.validate(func(key, detail string) {
		if !wrong.about(key) {
			wrong.add(key, placeOf(places, key), "%s", detail)
		}
	})
	if err := wrong.err(secrets); err != nil {
		return nil, err
	}
	return c, nil
}

// merge sets every key to what the last layer that has it says, and returns where that was.
func merge(root *field, wrong *problems, layers ...layer) map[string]place {
	k := koanf.New(".")
	places := map[string]place{}
	for _, l := range layers {
		values := make(map[string]any, len(l.values))
		for path, value := range l.values {
			values[path] = value
		}
		// A map of our own making can't fail to load.
		_ = k.Load(confmap.Provider(values, "."), nil)
		for path, at := range l.places {
			places[path] = at
		}
	}
	for f := range root.keys() {
		if k.Exists(f.path) && !decode(k, f) {
			value := "its value is not shown since it is a secret"
			if !f.secret {
				value = "not " + shown(k.String(f.path))
			}
			wrong.add(f.path, places[f.path], "expected %s, %s", f.wants(), value)
		}
	}
	return places
}

// decode sets f to its value, and reports whether that is of the type that f takes.
func decode(k *koanf.Koanf, f *field) bool {
	if err := k.Unmarshal(f.path, f.value.Addr().Interface()); err != nil {
		return false
	}
	// The decoder takes "" for zero, and "nan" for a number.
	if k.String(f.path) == "" {
		return f.wants() == "text"
	}
	return !f.value.CanFloat() || !math.IsNaN(f.value.Float()) && !math.IsInf(f.value.Float(), 0)
}

// placeOf returns where a key was given, else where the section begins in which it is missing.
func placeOf(places map[string]place, key string) place {
	for key != "" {
		if at, ok := places[key]; ok {
			return at
		}
		key, _ = split(key)
	}
	return place{}
}

func secretsIn(root *field, layers ...layer) []string {
	var secrets []string
	for f := range root.keys() {
		for _, l := range layers {
			if value, given := l.values[f.path]; given && f.secret {
				secrets = append(secrets, value)
			}
		}
	}
	return secrets
}
