package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// A versionCommand tells what this binary is.
type versionCommand struct {
	format
}

// Help implements kong.HelpProvider.
func (versionCommand) Help() string { return example("revere version --json") }

// Run prints the version.
func (cmd *versionCommand) Run(env environment) error {
	raw, err := json.Marshal(map[string]string{"version": buildVersion(), "go": runtime.Version()})
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string {
		return fmt.Sprintf("revere %s (%s)\n", buildVersion(), runtime.Version())
	})
}

// buildVersion is the version that Go stamped into the binary: a tag, or the time and revision of
// the commit that it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
