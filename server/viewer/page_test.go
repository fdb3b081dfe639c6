package viewer

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// styleChecker returns MapLibre's own checker, which also looks for a style's icons
// in the sprite: what is wrong with a style.
func styleChecker(t *testing.T) func(style string) (wrong string) {
	t.Helper()
	for _, path := range []string{"web/node_modules/@maplibre/maplibre-gl-style-spec", "web/node_modules/@resvg/resvg-js"} {
		if _, err := os.Stat(path); err != nil {
			t.Skip("the page's packages are not installed: run \"make build\"")
		}
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no node")
	}
	return func(style string) string {
		t.Helper()
		cmd := exec.Command("node", "web/check.mjs")
		cmd.Stdin = strings.NewReader(style)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
}

// TestStyleIsValid checks the styles, and the checker.
func TestStyleIsValid(t *testing.T) {
	check := styleChecker(t)
	s := newSite(t)
	s.publish("tile", "Zum Löwen")
	light, dark := s.get(region+"style.json").Body.String(), s.get(region+"style.json?theme=dark&languages=en").Body.String()
	for _, style := range []string{light, dark} {
		if wrong := check(style); wrong != "" {
			t.Error(wrong)
		}
	}
	for was, is := range map[string]string{`"line-width"`: `"line-girth"`, `"arrow-route"`: `"arrow-nowhere"`} {
		if !strings.Contains(light, was) || !strings.Contains(check(strings.Replace(light, was, is, 1)), strings.Trim(is, `"`)) {
			t.Errorf("%s instead of %s goes unnoticed", is, was)
		}
	}
}

// TestScripts runs the tests of the page's scripts.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no node")
	}
	if out, err := exec.Command("node", "--test", "web/page.test.mjs").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
