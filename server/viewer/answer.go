package viewer

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Bounds of the documents that are kept, packed and not, in bytes.
const (
	documentBytes = 64 << 20 // tiles and files
	textBytes     = 8 << 20  // JSON
)

// document is the body of an answer, ready to be sent again and again.
type document struct {
	mediaType string
	body      []byte
	packed    []byte // by gzip; nil where that does not pay
	tag       string // made of the bytes
}

func newDocument(mediaType string, body []byte) *document {
	sum := sha256.Sum256(body)
	d := &document{mediaType: mediaType, body: body, tag: hex.EncodeToString(sum[:8])}
	if packs(mediaType) && len(body) > 500 {
		d.packed = packed(body)
	}
	return d
}

func (d *document) size() int { return len(d.body) + len(d.packed) + 200 }

// send answers with the document, gzipped where that is understood. Pages of other
// sites may read it: all of it is public.
func (d *document) send(w http.ResponseWriter, r *http.Request, cache string) {
	body, tag := d.body, d.tag
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Content-Type", d.mediaType)
	h.Set("Cache-Control", cache)
	h.Set("Vary", "Accept-Encoding")
	if d.packed != nil && understandsGzip(r) {
		body, tag = d.packed, tag+"-gz" // other bytes, another tag
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// answer sends the document that a name stands for, which fresh returns unless it
// is kept. The name holds everything that the body depends on.
func (v *Viewer) answer(w http.ResponseWriter, r *http.Request, name, mediaType, cache string, fresh func(context.Context) ([]byte, error)) {
	in := v.documents
	if mediaType == "application/json" {
		in = v.texts
	}
	d, err := in.get(r.Context(), name, func(ctx context.Context) (*document, error) {
		body, err := fresh(ctx)
		if err != nil {
			return nil, err
		}
		return newDocument(mediaType, body), nil
	})
	if err != nil {
		v.fail(w, r, err)
		return
	}
	d.send(w, r, cache)
}

func packs(mediaType string) bool {
	return !strings.HasPrefix(mediaType, "image/png") && !strings.HasPrefix(mediaType, "font/")
}

func understandsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.TrimSpace(q) != "q=0" {
			return r.Header.Get("Range") == ""
		}
	}
	return false
}

func packed(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(body)
	w.Close() // writing into memory cannot fail
	return out.Bytes()
}
