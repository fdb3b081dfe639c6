package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// header is what a file says of itself before it is decoded.
type header struct {
	kind          string // media type
	width, height int    // of the largest picture that decoding may meet
	memory        int64  // that decoding takes, in bytes, about
	turn          turn
	position      *Position
	opaque        bool // AVIF: nothing shines through
}

// inspect tells a file by its content and reads its header. It looks at each
// byte a bounded number of times, decodes nothing, and takes little memory.
func inspect(data []byte) (h header, err error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		h, err = inspectJPEG(data)
	case bytes.HasPrefix(data, []byte(pngMagic)):
		h, err = inspectPNG(data)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		h, err = inspectWebP(data)
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		h, err = inspectAVIF(data)
	default:
		return h, &Refusal{ErrKind, "This is " + other(data) + "; send a JPEG, PNG, WebP or AVIF."}
	}
	if err != nil {
		return h, err
	}
	return h, checkSize(h.width, h.height)
}

func checkSize(width, height int) error {
	switch {
	case width < 1 || height < 1:
		return broken("it has no size")
	case width > MaxSide || height > MaxSide || width*height > MaxPixels:
		return &Refusal{ErrTooLarge, fmt.Sprintf("The picture has %d × %d pixels; at most %d million are taken, and %d a side.", width, height, MaxPixels/1_000_000, MaxSide)}
	case width < MinSide || height < MinSide:
		return &Refusal{ErrKind, fmt.Sprintf("The picture has %d × %d pixels; it takes %d a side to show something.", width, height, MinSide)}
	}
	return nil
}

func broken(why string) error {
	return &Refusal{ErrBroken, "The file is damaged, or was cut short: " + why + "."}
}

// other names what people send by mistake.
func other(data []byte) string {
	starts := []struct{ start, name string }{
		{"GIF8", "a GIF"}, {"BM", "a BMP"}, {"II*\x00", "a TIFF or a camera's raw file"}, {"MM\x00*", "a TIFF or a camera's raw file"},
		{"%PDF", "a PDF"}, {"PK\x03\x04", "a zip file or an office document"},
	}
	for _, s := range starts {
		if bytes.HasPrefix(data, []byte(s.start)) {
			return s.name
		}
	}
	if text := bytes.TrimLeft(data[:min(len(data), 1024)], "\xef\xbb\xbf \t\r\n"); bytes.HasPrefix(text, []byte("<")) {
		return "an SVG drawing or a page of text"
	}
	return "no picture"
}

// inspectJPEG walks the segments of a JPEG (ITU-T T.81, B.1).
func inspectJPEG(data []byte) (h header, err error) {
	h.kind, h.opaque = "image/jpeg", true
	scans, frame := 0, false
	var meta metadata
	for at := 2; ; {
		at = skipScan(data, at)
		if at < 0 {
			return h, broken("the JPEG has no end")
		}
		marker := data[at+1]
		at += 2
		if marker == 0xd9 { // end of the picture; what follows is not part of it
			break
		}
		if marker == 0x01 || marker == 0xd8 {
			continue
		}
		if at+2 > len(data) {
			return h, broken("a JPEG segment is missing")
		}
		n := int(binary.BigEndian.Uint16(data[at:]))
		if n < 2 || at+n > len(data) {
			return h, broken("a JPEG segment is cut short")
		}
		body := data[at+2 : at+n]
		at += n
		switch {
		case marker == 0xc0 || marker == 0xc1 || marker == 0xc2:
			if frame {
				return h, broken("the JPEG has two frames")
			}
			frame = true
			if err := h.readFrame(body, marker == 0xc2); err != nil {
				return h, err
			}
		case marker >= 0xc3 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return h, &Refusal{ErrKind, "The JPEG is of a rare kind (lossless or arithmetic); save it as an ordinary one."}
		case marker == 0xda:
			if scans++; scans > maxScans {
				return h, broken("the JPEG has more than 100 scans")
			}
		case marker == 0xe1:
			meta.app1(body)
		}
	}
	if !frame || scans == 0 {
		return h, broken("the JPEG has no picture in it")
	}
	h.turn, h.position = meta.read()
	return h, nil
}

// maxScans of a JPEG: each costs a pass over all pixels, however few bytes it
// has. Encoders make a dozen.
const maxScans = 100

// skipScan returns where the next marker is that ends entropy-coded data; -1
// when there is none.
func skipScan(data []byte, at int) int {
	for {
		next := bytes.IndexByte(data[min(at, len(data)):], 0xff)
		if next < 0 || at+next+1 >= len(data) {
			return -1
		}
		at += next
		switch m := data[at+1]; {
		case m == 0xff:
			at++
		case m == 0 || m >= 0xd0 && m <= 0xd7:
			at += 2
		default:
			return at
		}
	}
}

// readFrame reads a JPEG's frame header.
func (h *header) readFrame(b []byte, progressive bool) error {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) || b[5] < 1 || b[5] > 4 {
		return broken("the JPEG's frame header is malformed")
	}
	h.height, h.width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	most, sum := 1, 0
	for c := range int(b[5]) {
		area := int(b[6+3*c+1]>>4) * int(b[6+3*c+1]&15)
		most, sum = max(most, area), sum+area
	}
	samples := int64(h.width) * int64(h.height) * int64(sum) / int64(most)
	h.memory = samples + int64(h.width)*int64(h.height)
	if progressive {
		h.memory += 4 * samples // coefficients
	}
	if b[5] == 4 {
		h.memory += 4 * int64(h.width) * int64(h.height)
	}
	return nil
}

const pngMagic = "\x89PNG\r\n\x1a\n"

// inspectPNG walks the chunks of a PNG.
func inspectPNG(data []byte) (h header, err error) {
	h.kind = "image/png"
	var meta metadata
	for at := len(pngMagic); ; {
		if at+12 > len(data) {
			return h, broken("the PNG has no end")
		}
		n := binary.BigEndian.Uint32(data[at:])
		if uint64(n) > uint64(len(data)-at-12) {
			return h, broken("a PNG chunk is cut short")
		}
		name, body := string(data[at+4:at+8]), data[at+8:at+8+int(n)]
		if (name == "IHDR") != (at == len(pngMagic)) {
			return h, broken("the PNG does not begin with its header")
		}
		at += 12 + int(n)
		switch name {
		case "IHDR":
			if len(body) != 13 {
				return h, broken("the PNG's header is malformed")
			}
			w, t := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
			h.width, h.height = int(min(w, 1<<30)), int(min(t, 1<<30))
			each := int64(4)
			if body[8] == 16 {
				each = 8
			}
			if body[12] != 0 { // interlaced: passes, and what they make
				each *= 2
			}
			h.memory = int64(min(h.width, MaxSide)) * int64(min(h.height, MaxSide)) * each
		case "eXIf":
			meta.exif = first(meta.exif, body)
		case "iTXt":
			if text, ok := bytes.CutPrefix(body, []byte("XML:com.adobe.xmp\x00\x00\x00")); ok {
				meta.xmp = first(meta.xmp, text)
			}
		case "IEND":
			h.turn, h.position = meta.read()
			return h, nil
		}
	}
}

// inspectWebP walks the chunks of a WebP (RFC 9649).
func inspectWebP(data []byte) (h header, err error) {
	h.kind = "image/webp"
	var meta metadata
	end := 8 + uint64(binary.LittleEndian.Uint32(data[4:]))
	if end > uint64(len(data)) {
		return h, broken("the WebP is cut short")
	}
	grow := func(w, t int) { h.width, h.height = max(h.width, w), max(h.height, t) }
	each, pictures := int64(3), 0
	for at := 12; at+8 <= int(end); {
		name, n := string(data[at:at+4]), uint64(binary.LittleEndian.Uint32(data[at+4:]))
		if n > end-uint64(at)-8 {
			return h, broken("a WebP chunk is cut short")
		}
		body := data[at+8 : at+8+int(n)]
		at += 8 + int(n) + int(n&1)
		switch name {
		case "VP8X":
			if len(body) < 10 {
				return h, broken("the WebP's header is malformed")
			}
			if body[0]&2 != 0 {
				return h, &Refusal{ErrKind, "The WebP moves; send a still picture."}
			}
			grow(1+int(uint32(body[4])|uint32(body[5])<<8|uint32(body[6])<<16), 1+int(uint32(body[7])|uint32(body[8])<<8|uint32(body[9])<<16))
		case "VP8 ":
			if len(body) < 10 {
				return h, broken("the WebP's picture is cut short")
			}
			pictures++
			grow(int(binary.LittleEndian.Uint16(body[6:])&0x3fff), int(binary.LittleEndian.Uint16(body[8:])&0x3fff))
		case "VP8L":
			if len(body) < 5 {
				return h, broken("the WebP's picture is cut short")
			}
			pictures++
			bits := binary.LittleEndian.Uint32(body[1:])
			grow(1+int(bits&0x3fff), 1+int(bits>>14&0x3fff))
			each = 12
		case "ALPH":
			each = max(each, 12)
		case "EXIF":
			meta.exif = first(meta.exif, bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		case "XMP ":
			meta.xmp = first(meta.xmp, body)
		}
	}
	if pictures != 1 {
		return h, broken("the WebP has not just one picture in it")
	}
	h.memory = int64(h.width) * int64(h.height) * each
	h.turn, h.position = meta.read()
	return h, nil
}

func first(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}
