package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// boundary parts an answer of several ranges.
const boundary = "00000000000000000042"

// folder serves a folder's files as nginx does. It differs from http.FileServer
// where several ranges are asked for: there zsync wants a line break before the
// first part, and asks again for ever when there is none.
type folder struct {
	dir string
	// partsFrom, when above 0, has one range that starts at this byte or behind
	// it answered as several are: go-pmtiles sync ends in a panic otherwise.
	partsFrom int64
}

func (f folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := filepath.Join(f.dir, filepath.FromSlash(filepath.Clean("/"+r.URL.Path)))
	header := r.Header.Get("Range")
	if !strings.Contains(header, ",") && !f.inParts(header) {
		http.ServeFile(w, r, path)
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	ranges, err := parseRanges(header, int64(len(data)))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestedRangeNotSatisfiable)
		return
	}
	var body strings.Builder
	for _, part := range ranges {
		fmt.Fprintf(&body, "\r\n--%s\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes %d-%d/%d\r\n\r\n",
			boundary, part[0], part[1]-1, len(data))
		body.Write(data[part[0]:part[1]])
	}
	fmt.Fprintf(&body, "\r\n--%s--\r\n", boundary)
	w.Header().Set("Content-Type", "multipart/byteranges; boundary="+boundary)
	w.Header().Set("Content-Length", fmt.Sprint(body.Len()))
	w.WriteHeader(http.StatusPartialContent)
	fmt.Fprint(w, body.String()) // whoever asked may be gone
}

// inParts reports whether one range is answered as several are.
func (f folder) inParts(header string) bool {
	var first int64
	_, err := fmt.Sscanf(header, "bytes=%d-", &first)
	return err == nil && f.partsFrom > 0 && first >= f.partsFrom
}

// parseRanges reads a header such as "bytes=0-9,20-29" for a file of some
// length. Each range starts at its first number and ends before its second.
func parseRanges(header string, length int64) (ranges [][2]int64, err error) {
	list, ok := strings.CutPrefix(header, "bytes=")
	if !ok {
		return nil, fmt.Errorf("bad range %q", header)
	}
	for item := range strings.SplitSeq(list, ",") {
		var first, last int64
		if _, err := fmt.Sscanf(strings.TrimSpace(item), "%d-%d", &first, &last); err != nil || first < 0 || first > last || first >= length {
			return nil, fmt.Errorf("bad range %q", item)
		}
		ranges = append(ranges, [2]int64{first, min(last+1, length)})
	}
	return ranges, nil
}
