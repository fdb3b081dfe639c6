package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"time"
)

// pictures has a file of each kind.
func pictures(t testing.TB) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"jpeg":          asJPEG(t, scene(900, 600, 1)),
		"png":           asPNG(t, scene(900, 600, 1)),
		"webp":          moduleFile(t, "golang.org/x/image", "testdata/yellow_rose.lossy.webp"),
		"webp lossless": moduleFile(t, "golang.org/x/image", "testdata/yellow_rose.lossless.webp"),
		"webp alpha":    moduleFile(t, "golang.org/x/image", "testdata/yellow_rose.lossy-with-alpha.webp"),
		"avif":          moduleFile(t, "github.com/gen2brain/avif", "testdata/test8.avif"),
		"avif 10 bit":   moduleFile(t, "github.com/gen2brain/avif", "testdata/test10.avif"),
	}
}

func TestKinds(t *testing.T) {
	for name, file := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			one, err := testMaker().photo(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(name, " ")
			if one.given.Type != "image/"+kind || one.given.Bytes != int64(len(file)) {
				t.Errorf("told as %+v", one.given)
			}
			for _, s := range one.Sizes {
				got, err := jpeg.Decode(bytes.NewReader(one.files[s.Side]))
				if err != nil || got.Bounds().Dx() != s.Width || got.Bounds().Dy() != s.Height || max(s.Width, s.Height) > s.Side || len(one.files[s.Side]) != s.Bytes {
					t.Errorf("size %+v: %v, %v", s, got.Bounds(), err)
				}
			}
			if sum := sha256.Sum256(one.files[Large]); one.Hash != hex.EncodeToString(sum[:]) {
				t.Error("it is not named by its largest size")
			}
			again, err := testMaker().photo(t.Context(), file)
			if err != nil || again.Hash != one.Hash || !bytes.Equal(again.files[Phone], one.files[Phone]) {
				t.Errorf("made again it is another; %v", err)
			}
		})
	}
}

// TestSameBytes holds the encoder to what it made first: others on another
// machine, or in another version, would make another photo of the same file.
func TestSameBytes(t *testing.T) {
	flat := image.NewRGBA(image.Rect(0, 0, 2000, 1000))
	for i := range flat.Pix {
		flat.Pix[i] = byte(i / 8000)
	}
	one, err := testMaker().photo(t.Context(), asPNG(t, flat))
	if err != nil {
		t.Fatal(err)
	}
	if want := "f73c4bc0b08d614cbd3eaee7597a7b765d9f73da4a5eb561834d1ac1f6fa3d3e"; one.Hash != want || one.Width != 1600 || one.Height != 800 {
		t.Errorf("photo %s of %d x %d, want %s", one.Hash, one.Width, one.Height, want)
	}
}

func TestUprightAndStripped(t *testing.T) {
	// A quarter of it is red: top left. Exif says how to turn it.
	src := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for y := range 40 {
		for x := range 60 {
			c := []byte{255, 255, 255, 255}
			if x < 30 && y < 20 {
				c = []byte{255, 0, 0, 255}
			}
			copy(src.Pix[src.PixOffset(x, y):], c)
		}
	}
	corners := map[uint16]string{1: "top left", 2: "top right", 3: "bottom right", 4: "bottom left", 5: "top left", 6: "top right", 7: "bottom right", 8: "bottom left", 9: "top left"}
	for o, want := range corners {
		one, err := testMaker().photo(t.Context(), segment(asJPEG(t, src), 0xe1, append([]byte("Exif\x00\x00"), bled(o)...)))
		if err != nil {
			t.Fatal(err)
		}
		if one.at == nil || *one.at != atBled {
			t.Errorf("position %v, want %v", one.at, atBled)
		}
		if bytes.Contains(one.files[Large], []byte("Exif")) {
			t.Error("Exif is still there")
		}
		got, _ := jpeg.Decode(bytes.NewReader(one.files[Large]))
		if turned := got.Bounds().Dx() == 40; turned != (o >= 5 && o <= 8) {
			t.Errorf("orientation %d: %v", o, got.Bounds())
		}
		names := map[string]image.Point{"top left": {5, 5}, "top right": {got.Bounds().Dx() - 6, 5}, "bottom left": {5, got.Bounds().Dy() - 6}, "bottom right": {got.Bounds().Dx() - 6, got.Bounds().Dy() - 6}}
		for corner, p := range names {
			if _, g, _, _ := got.At(p.X, p.Y).RGBA(); (g < 0x8000) != (corner == want) {
				t.Errorf("orientation %d: %s is red: %v; want it %s", o, corner, g < 0x8000, want)
			}
		}
	}
}

func TestPositions(t *testing.T) {
	south := exif(binary.BigEndian, 1, [3][2]uint32{{33, 1}, {5550, 100}, {0, 1}}, [3][2]uint32{{70, 1}, {30, 1}, {0, 0}}, "S", "W")
	xmp := []byte(`<rdf:Description exif:GPSLatitude="46,21.8388N" exif:GPSLongitude="14,5.18E"/>`)
	element := []byte(`<exif:GPSLatitude>46,21,50.33N</exif:GPSLatitude><exif:GPSLongitude>14,5,10.8E</exif:GPSLongitude>`)
	small, webp := scene(40, 30, 2), pictures(t)["webp"]
	riff := append(append([]byte(nil), webp...), "EXIF"...)
	riff = append(binary.LittleEndian.AppendUint32(riff, uint32(len(bled(1)))), bled(1)...)
	binary.LittleEndian.PutUint32(riff[4:], uint32(len(riff)-8))
	for name, test := range map[string]struct {
		file []byte
		want *Position
	}{
		"none":          {asJPEG(t, small), nil},
		"south west":    {segment(asJPEG(t, small), 0xe1, append([]byte("Exif\x00\x00"), south...)), &Position{-70.5, -33.925}},
		"PNG":           {chunk(asPNG(t, small), "eXIf", bled(1)), &atBled},
		"WebP":          {riff, &atBled},
		"XMP":           {segment(asJPEG(t, small), 0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), xmp...)), &Position{14.08633, 46.36398}},
		"XMP elements":  {chunk(asPNG(t, small), "iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), element...)), &atBled},
		"zero":          {chunk(asPNG(t, small), "eXIf", exif(binary.LittleEndian, 1, [3][2]uint32{{0, 1}, {0, 1}, {0, 1}}, [3][2]uint32{{0, 1}, {0, 1}, {0, 1}}, "N", "E")), nil},
		"over nothing":  {chunk(asPNG(t, small), "eXIf", exif(binary.LittleEndian, 1, [3][2]uint32{{46, 0}, {0, 1}, {0, 1}}, [3][2]uint32{{14, 1}, {0, 1}, {0, 1}}, "N", "E")), nil},
		"beyond a pole": {chunk(asPNG(t, small), "eXIf", exif(binary.LittleEndian, 1, [3][2]uint32{{91, 1}, {0, 1}, {0, 1}}, [3][2]uint32{{14, 1}, {0, 1}, {0, 1}}, "N", "E")), nil},
	} {
		one, err := testMaker().photo(t.Context(), test.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if (one.at == nil) != (test.want == nil) || one.at != nil && *one.at != *test.want {
			t.Errorf("%s: position %v, want %v", name, one.at, test.want)
		}
	}
}

// Exif whose folders point to themselves, to each other, or outside, is read
// once and no further.
func TestExifLoops(t *testing.T) {
	loop := bled(6)
	for at := 0; at+4 <= len(loop); at++ {
		for _, to := range []uint32{0, 8, 38, uint32(at), uint32(len(loop)), 0xffffffff} {
			b := append([]byte(nil), loop...)
			binary.LittleEndian.PutUint32(b[at:], to)
			readExif(b) // it ends
		}
	}
	many := append([]byte("II*\x00\x08\x00\x00\x00\xff\xff"), bytes.Repeat([]byte{0x25, 0x88, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0}, 65535)...)
	if turn, p := readExif(many); p != nil || turn.quarters != 0 {
		t.Errorf("read %v, %v", turn, p)
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct{ w, h, side, wantW, wantH int }{
		{4000, 3000, 1600, 1600, 1200}, {3000, 4000, 800, 600, 800}, {320, 200, 320, 320, 200}, {321, 200, 320, 320, 199}, {30000, 16, 320, 320, 1},
	} {
		if w, h := fit(c.w, c.h, c.side); w != c.wantW || h != c.wantH {
			t.Errorf("fit(%d, %d, %d) = %d, %d", c.w, c.h, c.side, w, h)
		}
	}
	// An average is exact: black and white columns make grey, and what is even stays.
	src := image.NewRGBA(image.Rect(0, 0, 30, 20))
	for i := range src.Pix {
		src.Pix[i] = 255
		if i%4 < 3 && (i/4)%2 == 0 {
			src.Pix[i] = 0
		}
	}
	for i, v := range shrink(src, 15, 7).Pix {
		if want := byte(128); i%4 < 3 && v != want {
			t.Fatalf("byte %d is %d, want %d", i, v, want)
		}
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 20, 20)) // nothing but transparent
	if got := shrink(clear, 7, 7).Pix[0]; got != 255 {
		t.Errorf("what is transparent becomes %d, want white", got)
	}
}

func TestLooks(t *testing.T) {
	photo := func(file []byte) string {
		one, err := testMaker().photo(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return one.Look
	}
	one := photo(asJPEG(t, scene(900, 600, 1)))
	if same := photo(asPNG(t, scene(450, 300, 1))); !looksLike(one, same) {
		t.Errorf("half the size looks %s, want like %s", same, one)
	}
	if other := photo(asJPEG(t, scene(900, 600, 4))); looksLike(one, other) {
		t.Errorf("another picture looks %s, too much like %s", other, one)
	}
	if looksLike("", "x") {
		t.Error("what cannot be read looks alike")
	}
}

func TestRefused(t *testing.T) {
	avif := pictures(t)["avif"]
	ispe := bytes.Index(avif, []byte("ispe")) + 8
	wide := append([]byte(nil), avif...)
	binary.BigEndian.PutUint32(wide[ispe:], 20000)
	binary.BigEndian.PutUint32(wide[ispe+4:], 20000)
	heic := bytes.ReplaceAll(avif, []byte("avif"), []byte("heic"))
	jpg := asJPEG(t, scene(60, 40, 1))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0}) + 5
	huge := append([]byte(nil), jpg...)
	binary.BigEndian.PutUint32(huge[sof:], 0xfff0fff0)
	sos := bytes.Index(jpg, []byte{0xff, 0xda})
	scans := append([]byte(nil), jpg[:len(jpg)-2]...)
	for range maxScans {
		scans = append(scans, jpg[sos:sos+14]...)
	}
	scans = append(scans, 0xff, 0xd9)
	for name, test := range map[string]struct {
		file []byte
		want error
		says string
	}{
		"SVG":             {[]byte("<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>"), ErrKind, "SVG"},
		"HTML":            {[]byte("\xef\xbb\xbf\n <html>"), ErrKind, "SVG drawing or a page"},
		"GIF":             {[]byte("GIF89a;"), ErrKind, "GIF"},
		"PDF":             {[]byte("%PDF-1.7"), ErrKind, "PDF"},
		"zip":             {[]byte("PK\x03\x04"), ErrKind, "zip"},
		"HEIC":            {heic, ErrKind, "HEIC"},
		"words":           {[]byte("photo.jpg"), ErrKind, "no picture"},
		"PNG in name":     {[]byte("\x89PNG\r\n\x1a"), ErrKind, "no picture"},
		"tiny":            {asPNG(t, scene(15, 40, 1)), ErrKind, "16"},
		"wide AVIF":       {wide, ErrTooLarge, "20000 × 20000"},
		"huge JPEG":       {huge, ErrTooLarge, "65520 × 65520"},
		"scans":           {scans, ErrBroken, "100 scans"},
		"arithmetic JPEG": {append([]byte("\xff\xd8\xff\xc9\x00\x0b"), make([]byte, 20)...), ErrKind, "rare"},
		"moving AVIF":     {moduleFile(t, "github.com/gen2brain/avif", "testdata/test.avifs"), ErrKind, "moves"},
	} {
		_, err := testMaker().photo(t.Context(), test.file)
		var refusal *Refusal
		if !errors.Is(err, test.want) || !errors.As(err, &refusal) || !strings.Contains(refusal.Why, test.says) {
			t.Errorf("%s: %v, want %v that says %q", name, err, test.want, test.says)
		}
	}
	tight := testMaker()
	tight.most = 1 << 20
	if _, err := tight.photo(t.Context(), asJPEG(t, scene(900, 600, 1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more memory than there is: %v", err)
	}
}

// A file that is cut short anywhere is refused, and does no harm.
func TestTruncated(t *testing.T) {
	for name, file := range pictures(t) {
		m := testMaker()
		for cut := 0; cut < len(file); cut += 1 + len(file)/97 {
			if _, err := m.photo(t.Context(), file[:cut]); !errors.Is(err, ErrBroken) && !errors.Is(err, ErrKind) {
				t.Errorf("%s cut to %d of %d bytes: %v", name, cut, len(file), err)
			}
		}
		if !m.memory.TryAcquire(m.most) {
			t.Errorf("%s: memory was not given back", name)
		}
	}
}

// What is hidden in a file that is a picture too does not come through.
func TestPolyglots(t *testing.T) {
	payload := "<script>alert(document.cookie)</script>"
	jpg, png := asJPEG(t, scene(60, 40, 1)), asPNG(t, scene(60, 40, 1))
	for name, file := range map[string][]byte{
		"behind a JPEG":     append(append([]byte(nil), jpg...), payload...),
		"comment of a JPEG": segment(jpg, 0xfe, []byte(payload)),
		"zip behind a JPEG": append(append([]byte(nil), jpg...), "PK\x03\x04"+payload...),
		"text of a PNG":     chunk(png, "tEXt", []byte("Comment\x00"+payload)),
		"behind a PNG":      append(append([]byte(nil), png...), payload...),
	} {
		one, err := testMaker().photo(t.Context(), file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for side, made := range one.files {
			if bytes.Contains(made, []byte("script")) || bytes.Contains(made, []byte("PK")) {
				t.Errorf("%s: it is still in the size %d", name, side)
			}
		}
	}
}

// Whatever a decoder meets, it ends, with a photo or an error, and gives back
// its memory.
func TestSpoilt(t *testing.T) {
	const spoils = 8
	for name, file := range pictures(t) {
		m, start, made := testMaker(), len(file)/8, 0
		for i := range spoils {
			spoilt := append([]byte(nil), file...)
			for at := start + i*7; at < len(file); at += len(file)/3 + i {
				spoilt[at] ^= byte(1 + i*37)
			}
			_, err := m.photo(t.Context(), spoilt)
			if err == nil {
				made++
			} else if !errors.Is(err, ErrBroken) && !errors.Is(err, ErrKind) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s, spoilt %d: %v", name, i, err)
			}
		}
		if !m.memory.TryAcquire(m.most) {
			t.Errorf("%s: memory was not given back", name)
		}
		t.Logf("%s: %d of %d spoilt files still are pictures", name, made, spoils)
	}
}

// A decoder that does not end keeps its memory, and nobody waits for it.
func TestEndless(t *testing.T) {
	kind, release := decoders["image/png"], make(chan struct{})
	decoders["image/png"] = func(data []byte, h header) (image.Image, error) {
		<-release
		return kind(data, h)
	}
	defer func() { decoders["image/png"] = kind }()
	m := testMaker()
	m.patience = time.Millisecond
	if _, err := m.photo(t.Context(), asPNG(t, scene(30, 20, 1))); !errors.Is(err, ErrBroken) {
		t.Errorf("without end: %v", err)
	}
	if m.memory.TryAcquire(m.most) {
		t.Error("its memory was given back while it ran")
	}
	close(release)
	if err := m.memory.Acquire(t.Context(), m.most); err != nil {
		t.Error(err)
	}
}

// A decoder that panics is a damaged file, not the end of the server.
func TestPanic(t *testing.T) {
	kind := decoders["image/png"]
	decoders["image/png"] = func([]byte, header) (image.Image, error) { panic("index out of range") }
	defer func() { decoders["image/png"] = kind }()
	if _, err := testMaker().photo(t.Context(), asPNG(t, scene(30, 20, 1))); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a panic is told as %v", err)
	}
}
