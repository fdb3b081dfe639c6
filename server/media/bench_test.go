package media

import "testing"

// BenchmarkPhoto makes photos of what phones take: 12 megapixels.
func BenchmarkPhoto(b *testing.B) {
	picture := scene(4000, 3000, 3)
	for name, file := range map[string][]byte{"jpeg": asJPEG(b, picture), "png": asPNG(b, picture)} {
		b.Run(name, func(b *testing.B) {
			m := testMaker()
			b.ReportAllocs()
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				if _, err := m.photo(b.Context(), file); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(12*float64(b.N)/b.Elapsed().Seconds(), "MP/s")
		})
	}
}
