package provider

import (
	"embed"
	"net/http"
	"strings"
)

//go:embed account.html account.css account.js
var pages embed.FS

// Page serves the page that takes one-time links, /account, with its parts, to
// those who have no other. TakesPage tells its requests.
func Page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "account" {
			name = "account.html"
		}
		http.ServeFileFS(w, r, pages, name)
	})
}

// TakesPage reports whether a request is for Page.
func TakesPage(r *http.Request) bool {
	switch r.URL.Path {
	case "/account", "/account.css", "/account.js":
		return r.Method == http.MethodGet || r.Method == http.MethodHead
	}
	return false
}
