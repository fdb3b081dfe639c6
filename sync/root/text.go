package root

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/signed"
)

// Text returns the lines that get signed: an unsigned draft. Keys may be in any
// order.
func (r *Root) Text() ([]byte, error) {
	sorted := *r
	sorted.Keys = slices.Sorted(slices.Values(r.Keys))
	sorted.Heads = slices.SortedFunc(slices.Values(r.Heads), HeadKey.compare)
	text := sorted.text()
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(text), MaxBytes)
	}
	_, err := parse(text)
	return []byte(text), err
}

func (r *Root) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nversion %d\nissued %s\nexpires %s\nthreshold %d\n", Origin(r.Site), r.Version,
		r.Issued.UTC().Format(time.RFC3339), r.Expires.UTC().Format(time.RFC3339), r.Threshold)
	for _, k := range r.Keys {
		fmt.Fprintf(&b, "root %s\n", k)
	}
	for _, k := range r.Heads {
		fmt.Fprintf(&b, "head %s %d %d %s\n", k.Region, k.Epoch, k.Cap, k.Key)
	}
	return b.String()
}

func (k HeadKey) compare(other HeadKey) int {
	if c := strings.Compare(k.Region, other.Region); c != 0 {
		return c
	}
	return strings.Compare(k.Key, other.Key)
}

// parse reads what text writes, and nothing else.
func parse(text string) (*Root, error) {
	l := signed.ReadLines(text, ErrCorrupt)
	lines := l.Text
	if len(lines) < 7 || !strings.HasSuffix(lines[0], originEnd) {
		return nil, fmt.Errorf("%w: these are not the lines of a root", ErrCorrupt)
	}
	r := &Root{
		Site:    strings.TrimSuffix(lines[0], originEnd),
		Version: l.Number(1, "version", l.Value(1, "version"), 64),
		Issued:  l.Time(2, "issued"), Expires: l.Time(3, "expires"),
		Threshold: int(min(l.Number(4, "threshold", l.Value(4, "threshold"), 64), MaxBytes)),
	}
	i := 5
	for ; i < len(lines) && strings.HasPrefix(lines[i], "root "); i++ {
		r.Keys = append(r.Keys, lines[i][len("root "):])
	}
	for ; i < len(lines)-1 && l.Err == nil; i++ {
		k := l.Values(i, "head", 4)
		r.Heads = append(r.Heads, HeadKey{k[0], l.Number(i, "head", k[1], 64), l.Number(i, "head", k[2], 64), k[3]})
	}
	if l.Err != nil {
		return nil, l.Err
	}
	if r.text() != text {
		return nil, fmt.Errorf("%w: not in canonical form", ErrCorrupt)
	}
	return r, r.check()
}

// check looks at what the lines say.
func (r *Root) check() error {
	switch {
	case r.Site == "" || strings.ContainsFunc(r.Site, func(c rune) bool { return c <= ' ' || c == '+' || c > '~' }):
		return fmt.Errorf("%w: %q cannot name a site", ErrCorrupt, r.Site)
	case r.Version == 0:
		return fmt.Errorf("%w: versions begin at 1", ErrCorrupt)
	case !r.Expires.After(r.Issued):
		return fmt.Errorf("%w: it expires before it is issued", ErrCorrupt)
	case r.Threshold < 1 || r.Threshold > len(r.Keys):
		return fmt.Errorf("%w: a threshold of %d with %d keys", ErrCorrupt, r.Threshold, len(r.Keys))
	case !slices.IsSorted(r.Keys) || !slices.IsSortedFunc(r.Heads, HeadKey.compare):
		return fmt.Errorf("%w: keys are not in rising order", ErrCorrupt)
	}
	all := slices.Clone(r.Keys)
	for i, k := range r.Heads {
		if err := layout.CheckRegion(k.Region); err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if k.Epoch == 0 || i > 0 && k.Region == r.Heads[i-1].Region && k.Epoch != r.Heads[i-1].Epoch {
			return fmt.Errorf("%w: region %s has no one epoch", ErrCorrupt, k.Region)
		}
		all = append(all, k.Key)
	}
	seen := make(map[signed.Key]string)
	for _, public := range all {
		key, err := signed.ParseKey(public)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if other, twice := seen[key]; twice {
			return fmt.Errorf("%w: %s and %s are one key", ErrCorrupt, signed.ID(other), signed.ID(public))
		}
		seen[key] = public
	}
	return nil
}
