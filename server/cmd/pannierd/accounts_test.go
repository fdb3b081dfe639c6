package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// ask sends a request to a daemon and decodes the answer, of the wanted status.
func (d *daemon) ask(method, path, bearer string, body, into any, status int) {
	d.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	if body == nil {
		data = nil
	}
	r, err := http.NewRequest(method, d.url+path, bytes.NewReader(data))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Pannier-Refresh", "1")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		d.t.Fatalf("%s %s: %d, want %d: %s (%v)", method, path, answer.StatusCode, status, got, err)
	}
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			d.t.Fatalf("%s %s: %v: %s", method, path, err, got)
		}
	}
}

// linkOf returns the token of the link that a command prints.
func (w world) linkOf(args ...string) string {
	w.t.Helper()
	var made struct{ Link string }
	if err := json.Unmarshal([]byte(w.pannierd(append(args, "--json")...).wantDone(w.t)), &made); err != nil {
		w.t.Fatal(err)
	}
	_, token, ok := strings.Cut(made.Link, "=")
	if !ok {
		w.t.Fatalf("no link in %+v", made)
	}
	return token
}

type signedIn struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// TestAccounts makes accounts with the real commands, beside a server and
// without one, and kills the server: who signed in stays so.
func TestAccounts(t *testing.T) {
	dir := t.TempDir()
	w := world{t, filepath.Join(dir, "data"), filepath.Join(dir, "phone")}
	w.pannierd("region", "create", "alps", "--name", "Alps", "--languages", "de,sl").wantDone(t)
	before := w.linkOf("admin-link") // without a server
	d := w.serve()
	person := map[string]any{"token": before, "email": "admin@maps.example", "name": "Admin", "password": "a long enough password"}
	d.ask("POST", "/v1/setup", "", person, nil, 410) // serve has made another one
	person["token"] = w.linkOf("admin-link")
	var admin signedIn
	d.ask("POST", "/v1/setup", "", person, &admin, 201)
	if out := w.pannierd("accounts", "list").wantDone(t); !strings.Contains(out, "admin@maps.example") || !strings.Contains(out, "    administrator\n") {
		t.Errorf("list says\n%s", out)
	}

	w.pannierd("accounts", "invite", "x@maps.example", "--role", "manager", "--of", "nowhere").wantRefused(t, "nowhere")
	w.pannierd("accounts", "invite", "x@maps.example", "--role", "contributor", "--of", "inn").wantRefused(t, "no organisation inn")
	w.pannierd("accounts", "invite", "x@maps.example", "--role", "king").wantRefused(t, "role")
	w.pannierd("accounts", "invite", "x@maps", "--role", "administrator").wantRefused(t, "mail address")
	w.pannierd("accounts", "reset", "nobody@maps.example").wantRefused(t, "no account of nobody@maps.example")
	w.pannierd("accounts", "disable", "admin@maps.example").wantRefused(t, "last administrator")
	invited := w.linkOf("accounts", "invite", "manager@maps.example", "--role", "manager", "--of", "alps")
	var manager signedIn
	d.ask("POST", "/v1/invitations/accept", "", map[string]any{"token": invited, "name": "Manager", "password": "a long enough password"}, &manager, 201)
	d.ask("POST", "/v1/regions/alps/organisations", manager.Access, map[string]any{"id": "inn", "name": "Inn"}, nil, 201)
	d.ask("GET", "/v1/regions/nowhere/organisations", admin.Access, nil, nil, 404)

	d.kill()
	d = w.serve()
	d.ask("POST", "/v1/session/refresh", "", map[string]any{"refresh_token": manager.Refresh}, &manager, 200)
	d.ask("GET", "/v1/organisations/inn", manager.Access, nil, nil, 200)
	w.pannierd("accounts", "rotate-key").wantDone(t)
	d.ask("GET", "/v1/me", manager.Access, nil, nil, 200)
	w.pannierd("accounts", "rotate-key", "--now").wantDone(t)
	d.ask("GET", "/v1/me", manager.Access, nil, nil, 401)
	reset := w.linkOf("accounts", "reset", "Manager@maps.example")
	d.ask("POST", "/v1/password-resets/confirm", "", map[string]any{"token": reset, "password": "another good password"}, nil, 204)
	d.ask("POST", "/v1/session/refresh", "", map[string]any{"refresh_token": manager.Refresh}, nil, 401)
	d.stop()

	w.pannierd("accounts", "disable", "manager@maps.example").wantDone(t)
	d = w.serve()
	d.ask("POST", "/v1/session", "", map[string]any{"email": "manager@maps.example", "password": "another good password"}, nil, 401)
	w.pannierd("accounts", "disable", "manager@maps.example", "--undo").wantDone(t)
	d.ask("POST", "/v1/session", "", map[string]any{"email": "manager@maps.example", "password": "another good password"}, &manager, 201)
	for _, secret := range []string{manager.Access, manager.Refresh, admin.Refresh, invited, reset, "another good password"} {
		if strings.Contains(d.log(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
	d.stop()
}

// TestServeRefuses gives serve what it cannot use.
func TestServeRefuses(t *testing.T) {
	dir := t.TempDir()
	w := world{t, filepath.Join(dir, "data"), filepath.Join(dir, "phone")}
	for want, args := range map[string][]string{
		"--public-url":         {"--public-url", "maps.example.org"},
		"scheme and host only": {"--public-url", "https://maps.example.org/maps"},
		"--mail-from":          {"--smtp", "mail.example.org:587"},
		"--smtp-password-file": {"--smtp", "mail.example.org:587", "--mail-from", "a@example.org", "--smtp-password-file", filepath.Join(dir, "none")},
		"--trust-proxy":        {"--trust-proxy", "localhost"},
	} {
		w.pannierd(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...).wantRefused(t, want)
	}
}
