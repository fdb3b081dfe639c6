package public

import (
	"net/http"
	"strings"

	"github.com/pannier-maps/pannier/sync/layout"
)

// Every route takes these.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodOptions}

var allowed = strings.Join(methods, ", ")

// allowOrigins lets any web page read the answer. Everything here is public
// and the same for all, so there is nothing to protect by origin.
func allowOrigins(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Content-Range, Content-Length")
	if h.Get(layout.NextHeader) != "" {
		h.Add("Access-Control-Expose-Headers", layout.NextHeader)
	}
}

// preflight answers the question that a browser asks before a request with
// conditions or a range.
func preflight(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Allow", allowed)
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", allowed)
		h.Set("Access-Control-Allow-Headers", "If-None-Match, If-Range, Range")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	})
}
