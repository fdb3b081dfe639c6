package public

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/sync/layout"
)

// rolling names, beside a region's head, the one that is being rolled out. The
// answer itself is the same for everybody, so caches need not know: whether the
// other head is for it is up to the device, which then fetches that as the past
// head that it will be.
func (h *Handler) rolling(next http.Handler) http.Handler {
	if h.site.Next == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value, err := h.site.Next(r.Context(), mux.Vars(r)["region"])
		if err != nil {
			h.fail(w, r, err)
			return
		}
		if value != "" {
			w.Header().Set(layout.NextHeader, value)
			allowOrigins(w.Header()) // to see it, too
		}
		next.ServeHTTP(w, r)
	})
}
