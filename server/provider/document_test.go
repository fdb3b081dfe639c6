package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityDocument checks that the tests which SECURITY.md names are there,
// and that it has all ten items.
func TestSecurityDocument(t *testing.T) {
	text, err := os.ReadFile("../auth/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, folder := range []string{"../auth", ".", "../jobs", "../media", "../outbound", "../public", "../schedule", "../webhook", "../../sync/pull"} {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			code, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllSubmatch(code, -1) {
				tests[string(found[1])] = true
			}
		}
	}
	named := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(string(text), -1)
	if len(named) < 20 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("there is no %s", name)
		}
	}
	for i := range 10 {
		if item := fmt.Sprintf("API%d:2023", i+1); !strings.Contains(string(text), item) {
			t.Errorf("%s is missing", item)
		}
	}
}
