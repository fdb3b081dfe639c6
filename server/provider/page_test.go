package provider

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPage checks that the page of links loads nothing but its own parts, has no
// script of its own that the policy forbids, and calls routes that there are.
func TestPage(t *testing.T) {
	get := func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		if !TakesPage(r) {
			t.Fatalf("%s is not for the page", path)
		}
		w := httptest.NewRecorder()
		Page().ServeHTTP(w, r)
		if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") {
			t.Fatalf("%s: %d %v", path, w.Code, w.Header())
		}
		return w
	}
	html := get("/account").Body.String()
	parts := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(html, -1)
	if len(parts) != 2 {
		t.Errorf("parts %v", parts)
	}
	for _, p := range parts {
		get("/" + p[1])
	}
	if inline := regexp.MustCompile(`<script>|<style>| on[a-z]+=| style=`).FindString(html); inline != "" {
		t.Errorf("the policy forbids %s", inline)
	}
	script := get("/account.js").Body.String()
	calls := regexp.MustCompile(`call\("([^"]*)"`).FindAllStringSubmatch(script, -1)
	if len(calls) != 4 || strings.Contains(script, "innerHTML") {
		t.Errorf("calls %v", calls)
	}
	for _, c := range calls {
		if !slices.ContainsFunc(new(API).routes(), func(row Route) bool { return row.Method == "POST" && row.Path == c[1] && row.Who == Public }) {
			t.Errorf("there is no route %s", c[1])
		}
	}
	for _, path := range []string{"/account/", "/account.html", "/provider.go", "/accounts"} {
		if TakesPage(httptest.NewRequest("GET", path, nil)) {
			t.Errorf("%s is served", path)
		}
	}
}
