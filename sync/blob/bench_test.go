package blob

import "testing"

func BenchmarkPack(b *testing.B) {
	for _, n := range []int{400, 20_000, 1_000_000} {
		raw := random(n)
		b.Run(label(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Pack(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func label(n int) string {
	switch {
	case n < 1000:
		return "small"
	case n < 100_000:
		return "medium"
	}
	return "large"
}
