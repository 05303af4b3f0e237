package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/env/v2"

	"revere/alerting/faults"
)

const envPrefix = "REVERE_"

// injected are the variables that Kubernetes and Docker links add on their own for a service that
// is called "revere". They are nobody's typing error.
var injected = regexp.MustCompile(`^REVERE_(SERVICE_(HOST|PORT)|PORT_\d+_|PORT=(tcp|udp)://)`)

// readEnviron takes the REVERE_ variables out of environ. An empty one is not given: what a compose
// file makes of "${SMS_FROM:-}" is no wish for an empty number.
func readEnviron(environ []string, root *field, wrong *problems) layer {
	known := map[string]*field{}
	for f := range root.keys() {
		known[envName(f.path)] = f
	}
	provider := env.Provider("", env.Opt{
		Prefix: envPrefix,
		EnvironFunc: func() []string {
			return slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
				return injected.MatchString(v) || strings.HasPrefix(v, faults.Variable+"=")
			})
		},
		TransformFunc: func(name, value string) (string, any) {
			f := known[name]
			if f == nil {
				wrong.addUnknownVariable(name, root)
			}
			if f == nil || value == "" {
				return "", nil
			}
			return f.path, value
		},
	})
	l := newLayer()
	values, _ := provider.Read() // it reads from memory, and never fails
	for path, value := range values {
		l.values[path] = value.(string)
		l.places[path] = place{name: envName(path)}
	}
	return l
}

func (p *problems) addUnknownVariable(name string, root *field) {
	path := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, envPrefix), "__", "."))
	p.add("", place{name: shownKey(name)}, "unknown variable; the nearest known one is %s", envName(nearest(path, root.keys()).path))
}

// envName is the variable that sets a key: two underscores between levels, since keys have one.
func envName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "__"))
}
