package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// farm is a site with an organisation that is trusted, and the token of its
// machine.
type farm struct {
	world
	d     *daemon
	token string
}

func newFarm(t *testing.T) *farm {
	t.Helper()
	dir := t.TempDir()
	f := &farm{world: world{t, filepath.Join(dir, "data"), filepath.Join(dir, "phone")}}
	f.pannierd("region", "create", "alps", "--languages", "de").wantDone(t)
	f.d = f.serve()
	var admin signedIn
	person := map[string]any{"token": f.linkOf("admin-link"), "email": "admin@maps.example", "name": "Admin", "password": "a long enough password"}
	f.d.ask("POST", "/v1/setup", "", person, &admin, 201)
	f.d.ask("POST", "/v1/regions/alps/organisations", admin.Access, map[string]any{"id": "farm", "name": "Farm"}, nil, 201)
	f.d.ask("PUT", "/v1/regions/alps/organisations/farm", admin.Access, map[string]any{"trusted": true}, nil, 200)
	var made struct{ Bearer string }
	scopes := []string{"read", "imports:write", "features:write"}
	f.d.ask("POST", "/v1/organisations/farm/tokens", admin.Access, map[string]any{"name": "test", "scopes": scopes, "expires": time.Now().Add(24 * time.Hour)}, &made, 201)
	f.token = made.Bearer
	return f
}

// told is an answer other than success.
type told struct {
	status int
	body   string
}

func (t *told) Error() string { return fmt.Sprintf("%d: %s", t.status, t.body) }

// try sends a request; the server may be gone.
func (f *farm) try(method, path, kind string, body []byte, into any, headers ...string) (http.Header, error) {
	r, err := http.NewRequest(method, f.d.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+f.token)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		return nil, &told{answer.StatusCode, string(got)}
	}
	if into != nil {
		err = json.Unmarshal(got, into)
	}
	return answer.Header, err
}

// imported is what the server says of an import.
type imported struct {
	Number  uint64
	File    string
	State   string
	Problem string
	Kind    string
	Written int
	Counts  struct{ New, Changed, Vanished, Rejected int }
}

// load is one file on its way: whatever was cut off goes on from what the server
// says.
type load struct {
	f      *farm
	name   string
	data   []byte
	undo   bool
	upload string
	number uint64
}

const piece = 64 << 10

// run brings the file in, and takes it back if so asked. It returns an error when
// the server is gone.
func (l *load) run() error {
	for {
		done, err := l.step()
		var said *told
		if err != nil && errors.As(err, &said) {
			return err // the server is there, and does not want it
		}
		if done || err != nil {
			return err
		}
	}
}

func (l *load) step() (done bool, err error) {
	f := l.f
	if l.upload == "" {
		var u struct{ ID string }
		_, err := f.try("POST", "/v1/regions/alps/uploads", "application/json", fmt.Appendf(nil, `{"name":%q,"size":%d}`, l.name, len(l.data)), &u)
		l.upload = u.ID
		return false, err
	}
	if l.number == 0 {
		var all struct{ Imports []imported }
		if _, err := f.try("GET", "/v1/regions/alps/imports?limit=1", "", nil, &all); err != nil {
			return false, err
		}
		if len(all.Imports) > 0 && all.Imports[0].File == l.name {
			l.number = all.Imports[0].Number
			return false, nil
		}
		h, err := f.try("HEAD", "/v1/regions/alps/uploads/"+l.upload, "", nil, nil)
		if err != nil {
			return false, err
		}
		offset := 0
		fmt.Sscan(h.Get("Upload-Offset"), &offset)
		if offset < len(l.data) {
			part := l.data[offset:min(offset+piece, len(l.data))]
			sum := sha256.Sum256(part)
			_, err := f.try("PATCH", "/v1/regions/alps/uploads/"+l.upload, "application/offset+octet-stream", part, nil,
				"Upload-Offset", fmt.Sprint(offset), "Upload-Checksum", "sha256 "+base64.StdEncoding.EncodeToString(sum[:]))
			return false, err
		}
		_, err = f.try("POST", "/v1/regions/alps/imports", "application/json", fmt.Appendf(nil, `{"upload":%q,"licence":"CC-BY-4.0","language":"de"}`, l.upload), nil)
		return false, err
	}
	path := fmt.Sprintf("/v1/regions/alps/imports/%d", l.number)
	var is imported
	if _, err := f.try("GET", path, "", nil, &is); err != nil {
		return false, err
	}
	switch is.State {
	case "ready":
		if is.Problem != "" {
			return false, errors.New(is.Problem)
		}
		if _, err = f.try("PUT", path+"/choice", "application/json", []byte(`{"take":{"new":true,"changed":true,"edited":true,"vanished":true}}`), nil); err == nil {
			_, err = f.try("POST", path+"/apply", "application/json", []byte(`{"accept":true}`), nil)
		}
	case "applied":
		if !l.undo {
			return true, nil
		}
		_, err = f.try("POST", path+"/undo", "application/json", []byte(`{}`), nil)
	case "undone":
		return true, nil
	case "failed", "cancelled", "proposed":
		return false, &told{0, fmt.Sprintf("%+v", is)}
	default:
		time.Sleep(2 * time.Millisecond)
	}
	return false, err
}

// phones lists the telephone number of each feature, by id.
func (f *farm) phones() map[string]string {
	f.t.Helper()
	all := map[string]string{}
	for cursor, more := "", true; more; more = cursor != "" {
		var page struct {
			Features []struct {
				ID      string
				Feature struct{ Contact struct{ Phone string } }
			}
			Next string
		}
		path := "/v1/regions/alps/features?limit=1000"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		if _, err := f.try("GET", path, "", nil, &page); err != nil {
			f.t.Fatal(err)
		}
		for _, one := range page.Features {
			all[one.ID] = one.Feature.Contact.Phone
		}
		cursor = page.Next
	}
	return all
}

// places makes a file of places, and what a region has once it is imported.
func places(round, count int) (file []byte, phones map[string]string) {
	var text strings.Builder
	text.WriteString("id;name;lat;lon;phone\n")
	phones = map[string]string{}
	for i := range count {
		if i%50 == round%50 && round > 0 {
			continue // it vanishes
		}
		id := fmt.Sprintf("farm/%05d", i)
		phones[id] = fmt.Sprint(round)
		fmt.Fprintf(&text, "%05d;Place %d of many along the river;46,%05d;16,%05d;%d\n", i, i, i, i, round)
	}
	return []byte(text.String()), phones
}

// settled tells which of two states a region is in. A server that was started
// again may be applying an import meanwhile, which it does in several steps that a
// publish waits for and a list does not: so it has some time to come to an end.
func (f *farm) settled(t *testing.T, before, after map[string]string) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		now := f.phones()
		switch {
		case maps.Equal(now, before):
			return "before"
		case maps.Equal(now, after):
			return "after"
		case time.Now().After(deadline):
			t.Fatalf("the region is between two states, with %d features", len(now))
		}
	}
}

// A server that is killed at any moment of an import goes on with it when it
// starts again; and a region has all that an import brings or nothing of it.
func TestKilledInImport(t *testing.T) {
	const count = 4000
	f := newFarm(t)
	file, have := places(0, count)
	start := time.Now()
	first := &load{f: f, name: "0.csv", data: file}
	if err := first.run(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	if now := f.phones(); !maps.Equal(now, have) {
		t.Fatalf("the first import brought %d of %d", len(now), len(have))
	}
	rounds := 8
	if os.Getenv("PANNIER_TEST_POWER") != "" {
		rounds = 100
	}
	killed := 0
	states := map[string]int{}
	for round := 1; round <= rounds; round++ {
		file, next := places(round, count)
		l := &load{f: f, name: fmt.Sprintf("%d.csv", round), data: file, undo: round%3 == 0}
		for kill := 0; ; kill++ {
			ended := make(chan error, 1)
			go func() { ended <- l.run() }()
			if kill < 2 {
				time.Sleep(rand.N(took))
				f.d.kill()
			}
			err := <-ended
			var said *told
			if errors.As(err, &said) {
				t.Fatalf("round %d: %v\n%s", round, err, f.d.log())
			}
			if err != nil {
				killed++
			}
			if kill < 2 {
				f.d = f.serve()
			}
			states[f.settled(t, have, next)]++
			if err == nil {
				break
			}
		}
		if !l.undo {
			have = next
		}
		if now := f.phones(); !maps.Equal(now, have) {
			t.Fatalf("round %d: the import ended with another state", round)
		}
	}
	f.d.stop()
	left, _ := filepath.Glob(filepath.Join(f.data, "pannier-import-*"))
	parts, _ := filepath.Glob(filepath.Join(f.data, "private/uploads/*"))
	t.Logf("%d imports of %d features, %v each; killed %d times; after a restart the state was %v", rounds, count, took.Round(time.Millisecond), killed, states)
	if killed < rounds/2 || len(left)+len(parts) > 0 {
		t.Errorf("%d kills in time; left behind: %v %v", killed, left, parts)
	}
}
