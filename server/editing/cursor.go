package editing

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/pannier-maps/pannier/server/catalog"
)

// A cursor is the ref that the page before ended with.
func writeCursor(ref catalog.Ref) string {
	return base64.RawURLEncoding.EncodeToString([]byte(ref.Source + "/" + ref.ID))
}

func readCursor(s string) (catalog.Ref, error) {
	if s == "" {
		return catalog.Ref{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	source, id, ok := strings.Cut(string(raw), "/")
	if err != nil || !ok || len(raw) > 1<<10 {
		return catalog.Ref{}, fmt.Errorf("%w: %.80q is not one that a list gave", ErrCursor, s)
	}
	return catalog.Ref{Source: source, ID: id}, nil
}
