package viewer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// answer sends a body with an ETag made of its bytes, gzipped where that pays
// and is understood. Pages of other sites may read it: all of it is public.
func answer(w http.ResponseWriter, r *http.Request, mediaType, cache string, body []byte) {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:8])
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", cache)
	h.Set("Vary", "Accept-Encoding")
	if packs(mediaType) && len(body) > 500 && understandsGzip(r) {
		tag += "-gz" // other bytes, another tag
		if !strings.Contains(r.Header.Get("If-None-Match"), tag) {
			body = packed(body)
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
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
