package layout

import "testing"

func FuzzParseNext(f *testing.F) {
	for _, s := range []string{"8 25 0123456789abcdef", "9223372036854775807 99 0123456789abcdef", "9999999999999999999 1 0123456789abcdef"} {
		if n, ok := ParseNext(s); !ok || n.String() != s {
			f.Fatalf("%q is read as %+v", s, n)
		}
		f.Add(s)
	}
	for _, s := range []string{"", "0 5 0123456789abcdef", "8 0 0123456789abcdef", "8 100 0123456789abcdef", "8 5 0123456789ABCDEF", "8 5 ../../../../etc/x", "8 5 0123456789abcdef\n", " 8 5 0123456789abcdef"} {
		if n, ok := ParseNext(s); ok {
			f.Errorf("%q is read as %+v", s, n)
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := ParseNext(s); ok && (n.String() != s || n.Share < 1 || n.Share > 99) {
			t.Errorf("%q is read as %+v", s, n)
		}
	})
}
