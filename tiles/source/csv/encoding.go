package csv

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/pannier-maps/pannier/tiles/source/records"
)

// decode turns a text into UTF-8 and names its encoding. language is a hint, or
// "".
func decode(raw []byte, language string) (text []byte, name string, err error) {
	head := raw[:min(len(raw), 4<<10)]
	zeros := [2]int{} // at even and odd bytes
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	var e encoding.Encoding
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return valid(raw[3:]), "UTF-8", nil
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), zeros[1] > len(head)/4 && zeros[0] == 0:
		e, name = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16"
	case bytes.HasPrefix(raw, []byte("\xfe\xff")), zeros[0] > len(head)/4 && zeros[1] == 0:
		e, name = unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "UTF-16"
	case zeros[0]+zeros[1] > 0:
		return nil, "", records.Errorf(0, "not a text: it has NUL bytes")
	case wellFormed(raw):
		return raw, "UTF-8", nil
	case central(raw, language):
		e, name = charmap.Windows1250, "Windows-1250"
	default:
		e, name = charmap.Windows1252, "Windows-1252"
	}
	text, err = e.NewDecoder().Bytes(raw)
	if err != nil {
		return nil, "", records.Errorf(0, "not a text in %s: %w", name, err)
	}
	return text, name, nil
}

// wellFormed reports whether a text is UTF-8, but for some bad bytes in a long
// one and a character that is cut off at its end.
func wellFormed(raw []byte) bool {
	bad, good := 0, 0
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		switch {
		case r == utf8.RuneError && n == 1 && len(raw)-i >= utf8.UTFMax:
			bad++
		case n > 1:
			good++
		}
		i += n
	}
	return bad == 0 || good > 50*bad
}

func valid(raw []byte) []byte { return bytes.ToValidUTF8(raw, []byte("\ufffd")) }

// central tells Windows-1250 (central European) from 1252 (western). Most
// letters that both have lie at the same place; these do not, or not in these
// languages.
func central(raw []byte, language string) bool {
	score := 0
	for i, b := range raw[:min(len(raw), 1<<20)] {
		switch b {
		case 0x9a, 0x9e, 0x8a, 0x8e, 0xf0, 0xe6, 0xc6: // š ž Š Ž đ ć Ć; in 1252 š ž Š Ž ð æ Æ
			score += 3
		case 0xf5, 0xfb, 0xd5, 0xdb: // ő ű Ő Ű; õ û Õ Û
			score++
		case 0xc8: // Č; È
			score += 2
		case 0xe8: // č; è, which French and Italian have before a consonant and e, or at the end of a word
			if i+2 < len(raw) && (!letter(raw[i+1]) || letter(raw[i+1]) && !vowel(raw[i+1]) && raw[i+2] == 'e') {
				score--
			} else {
				score++
			}
		case 0xe0, 0xea, 0xf9, 0xf2, 0xec, 0xc0: // à ê ù ò ì À; ŕ ę ů ň ě Ŕ
			score -= 3
		case 0xe7, 0xef, 0xeb: // ç ï ë; ç ď ë
			score--
		}
	}
	if slices.Contains([]string{"sl", "hr", "hu", "sr", "bs", "cs", "sk", "pl", "ro"}, language) {
		score += 10
	}
	if slices.Contains([]string{"de", "fr", "it", "es", "ca", "en", "pt", "nl"}, language) {
		score -= 10
	}
	return score > 0
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80 }
func vowel(b byte) bool  { return bytes.IndexByte([]byte("aeiouAEIOU"), b) >= 0 }
