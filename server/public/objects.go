package public

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/sync/layout"
)

// forever is what caches are told of objects that never change.
const forever = "public, max-age=31536000, immutable"

// maxChanging bounds the objects that are read into memory.
const maxChanging = 16 << 20

// immutable serves an object that never changes. Its ETag is made of the named
// parts of the path, 16 digits of each.
func (h *Handler) immutable(mediaType string, parts ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		vars := mux.Vars(r)
		if folder, ok := vars["folder"]; ok && !strings.HasPrefix(vars["hash"], folder) {
			h.fail(w, r, fs.ErrNotExist)
			return
		}
		o, err := h.site.Blobs.Open(r.Context(), r.URL.Path[1:])
		if err != nil {
			h.fail(w, r, err)
			return
		}
		defer o.Close()
		var etag string
		for _, part := range parts {
			etag += vars[part][:16]
		}
		header(w, mediaType, forever, etag)
		// No time, no Last-Modified: the ETag says more in fewer bytes.
		http.ServeContent(w, r, "", time.Time{}, o)
	})
}

// changing serves a small object, one of the few that change, with an ETag made
// of its bytes.
func (h *Handler) changing(mediaType, cache string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := h.read(r)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		header(w, mediaType, cache, ETag(body))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

func (h *Handler) read(r *http.Request) ([]byte, error) {
	o, err := h.site.Blobs.Open(r.Context(), r.URL.Path[1:])
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if o.Size() > maxChanging {
		return nil, fmt.Errorf("read %s: %d bytes are over %d", r.URL.Path, o.Size(), maxChanging)
	}
	body, err := io.ReadAll(o)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.URL.Path, err)
	}
	return body, nil
}

// ETag returns what names the bytes of an object that changes, without quotes:
// the first 16 hex digits of their SHA-256.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

func header(w http.ResponseWriter, mediaType, cache, etag string) {
	h := w.Header()
	allowOrigins(h) // for all, as a shared cache may give this answer to a page
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", cache)
	h.Set("ETag", `"`+etag+`"`)
}

// update serves the current head with the delta that leads to it. The answer is
// of one moment and not for caches, so it names origins only to pages.
func (h *Handler) update(part bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.site.Updates == nil {
			h.fail(w, r, fs.ErrNotExist)
			return
		}
		vars := mux.Vars(r)
		have := strings.Trim(r.Header.Get("If-None-Match"), `"`)
		if next, ok := layout.ParseNext(w.Header().Get(layout.NextHeader)); ok && next.Head == have {
			w.Header().Set("ETag", `"`+have+`"`) // it is among the first, and has that head
			w.WriteHeader(http.StatusNotModified)
			return
		}
		body, etag, err := h.site.Updates.Update(r.Context(), vars["region"], vars["from"], have, part)
		if err == nil && etag == "" {
			err = errors.New("update without an ETag")
		}
		if err != nil {
			h.fail(w, r, err)
			return
		}
		header := w.Header()
		header.Set("ETag", `"`+etag+`"`)
		if matches(r.Header.Values("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		header.Set("Content-Type", layout.UpdateType)
		header.Set("Cache-Control", "no-store")
		status := http.StatusOK
		if n, ok := firstBytes(r.Header.Get("Range")); ok && n < len(body) {
			header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", n-1, len(body)))
			status, body = http.StatusPartialContent, body[:n]
		}
		header.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			w.Write(body) // one who hung up is told nothing
		}
	})
}

// firstBytes reads the one kind of range that an update knows: its first n bytes,
// for a client that will fetch of a long delta only what it needs.
func firstBytes(header string) (n int, ok bool) {
	last, ok := strings.CutPrefix(header, "bytes=0-")
	n, err := strconv.Atoi(last)
	return n + 1, ok && err == nil && n >= 0 && n < math.MaxInt
}

// matches reports whether the lists of If-None-Match name etag, by the weak
// comparison of RFC 9110. Ours hold no commas.
func matches(lists []string, etag string) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			one = strings.TrimPrefix(strings.Trim(one, " \t"), "W/")
			if one == "*" || one == `"`+etag+`"` {
				return true
			}
		}
	}
	return false
}
