package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"revere/alerting"
	"revere/cmd/revere/client"
)

// mustBeNew keeps an add from overwriting what somebody else entered.
func mustBeNew(ctx context.Context, server *client.Client, path, what, id string) error {
	err := server.Get(ctx, path, nil, nil)
	var refusal *client.Problem
	switch {
	case err == nil:
		return fmt.Errorf("there is a %s %q already, nothing was changed; give another --id, or --replace", what, id)
	case errors.As(err, &refusal) && refusal.Status == http.StatusNotFound:
		return nil
	}
	return err
}

// put stores an entry of the directory.
func put(ctx context.Context, env environment, server *client.Client, f format, path string, body []byte, done string) error {
	return write(ctx, env, server, f, client.Request{Method: http.MethodPut, Path: path, Body: body}, done)
}

// remove takes an entry out of the directory.
func remove(ctx context.Context, env environment, server *client.Client, f format, path, done string) error {
	return write(ctx, env, server, f, client.Request{Method: http.MethodDelete, Path: path}, done)
}

// write makes a change, and says what is so from now on.
func write(ctx context.Context, env environment, server *client.Client, f format, r client.Request, done string) error {
	var answer struct {
		Warnings []alerting.Problem `json:"warnings"`
	}
	raw := json.RawMessage("{}")
	if err := server.Do(ctx, r, &raw); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	warn(env, answer.Warnings)
	return f.print(env, raw, func() string { return plain(done) + "\n" })
}

// warn tells what the server took but doubts.
func warn(env environment, warnings []alerting.Problem) {
	for i, w := range warnings {
		if i == mostWarnings {
			env.sayf("and %d warnings more; --json lists them", len(warnings)-i)
			return
		}
		env.sayf("warning: %s", client.Line(w))
	}
}

// mostWarnings bounds what a person is made to read.
const mostWarnings = 10
