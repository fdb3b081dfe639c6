package public

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/layout"
)

// TestRolling: the head that is rolled out is named beside the one for everybody,
// whatever the status; the answers are the same with and without.
func TestRolling(t *testing.T) {
	next := layout.Next{Version: 8, Share: 25, Head: strings.Repeat("c", 16)}
	plain := newSite(t, nil)
	rolling := newSite(t, func(c *Config) {
		c.Next = func(_ context.Context, region string) (string, error) {
			if region != "alps" {
				return "", nil
			}
			return next.String(), nil
		}
	})
	update := alps + "/update/" + shortA
	head := `"` + ETag([]byte(objects[alps[1:]+"/head"])) + `"`
	for _, c := range []struct {
		path, have string
		status     int
		named      bool
	}{
		{alps + "/head", "", 200, true},
		{alps + "/head", head, 304, true},
		{update, "", 200, true},
		{update, `"0123456789abcdef"`, 304, true},
		{update + "/part", "", 200, true},
		{update, `"` + next.Head + `"`, 304, true}, // it is among the first, and has that
		{update + "/part", `"` + next.Head + `"`, 304, true},
		{alps + "/history.json", "", 200, false},
		{alps + "/heads/" + shortA, "", 200, false},
		{"/v1/regions/coast/head", "", 404, false},
	} {
		a := ask(rolling, "GET", c.path, "If-None-Match", c.have, "Origin", "https://maps.example")
		if a.Code != c.status || (a.Header().Get(layout.NextHeader) == next.String()) != c.named {
			t.Errorf("%s, having %q: %d %v", c.path, c.have, a.Code, a.Header())
		}
		visible := slices.Contains(a.Header().Values("Access-Control-Expose-Headers"), layout.NextHeader)
		if visible != c.named {
			t.Errorf("%s: pages may read %q", c.path, a.Header().Values("Access-Control-Expose-Headers"))
		}
		if c.have == `"`+next.Head+`"` {
			if a.Header().Get("ETag") != c.have {
				t.Errorf("%s: 304 with the tag %s", c.path, a.Header().Get("ETag"))
			}
			continue
		}
		b := ask(plain, "GET", c.path, "If-None-Match", c.have, "Origin", "https://maps.example")
		if a.Code != b.Code || a.Body.String() != b.Body.String() && c.status < 400 || a.Header().Get("Cache-Control") != b.Header().Get("Cache-Control") || a.Header().Get("ETag") != b.Header().Get("ETag") {
			t.Errorf("%s: %d %v, without a rollout %d %v", c.path, a.Code, a.Header(), b.Code, b.Header())
		}
	}
}
