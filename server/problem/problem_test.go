package problem

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

func write(r *http.Request, err error) (*httptest.ResponseRecorder, string) {
	var log bytes.Buffer
	w := httptest.NewRecorder()
	w.Header().Set("ETag", `"of the page that failed"`)
	Write(w, r, slog.New(slog.NewTextHandler(&log, nil)), err)
	return w, log.String()
}

func TestWrite(t *testing.T) {
	const secret = "/srv/data/users.db"
	for _, c := range []struct {
		err    error
		status int
		name   string
		detail string
	}{
		{fs.ErrNotExist, 404, "not-found", ""},
		{fmt.Errorf("open %s: %w", secret, fs.ErrNotExist), 404, "not-found", ""},
		{fmt.Errorf("get %s: %w", secret, store.ErrNotFound), 404, "not-found", ""},
		{fmt.Errorf("put: %w", Detail(ErrBadRequest, "No such \"layer\".")), 400, "bad-request", "No such \"layer\"."},
		{&http.MaxBytesError{Limit: 5}, 413, "too-large", ""},
		{fmt.Errorf("put %s: %w", secret, store.ErrFull), 507, "storage-full", ""},
		{Detail(store.ErrFull, secret), 507, "storage-full", ""},
		{errors.New(secret), 500, "internal", ""},
		{Detail(errors.New("x"), secret), 500, "internal", ""},
	} {
		w, log := write(httptest.NewRequest("GET", "/v1/x", nil), c.err)
		var doc Document
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Errorf("%v: %v", c.err, err)
		}
		if w.Code != c.status || doc.Status != c.status || doc.Type != "/problems/"+c.name || doc.Detail != c.detail || doc.Title == "" {
			t.Errorf("%v gave %d %+v, want %d %s", c.err, w.Code, doc, c.status, c.name)
		}
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%v: its text is in the answer %s", c.err, w.Body)
		}
		if h := w.Header(); h.Get("Content-Type") != Type || h.Get("Cache-Control") != "no-store" || h.Get("ETag") != "" {
			t.Errorf("%v: headers %v", c.err, h)
		}
		if faulty := c.status >= 500; faulty != (doc.Instance != "") || faulty != (strings.Count(log, "\n") == 1 && strings.Contains(log, doc.Instance)) {
			t.Errorf("%v: instance %q, log %q", c.err, doc.Instance, log)
		}
	}
}

func TestWriteHead(t *testing.T) {
	if w, _ := write(httptest.NewRequest("HEAD", "/", nil), fs.ErrNotExist); w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("HEAD gave %d with %d bytes", w.Code, w.Body.Len())
	}
}

func TestWriteGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	if _, log := write(r, fmt.Errorf("open: %w", ctx.Err())); log != "" {
		t.Errorf("one who hung up was logged: %s", log)
	}
}
