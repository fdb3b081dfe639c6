package layout

import (
	"fmt"
	"regexp"
	"strconv"
)

// NextHeader is the header in which a server names, beside a region's head, the
// one that it offers to a share of devices first.
const NextHeader = "Pannier-Next"

// Next is a head that is being rolled out.
type Next struct {
	Version uint64 `json:"version"`
	Share   int    `json:"share"` // of devices, in percent: 1 to 99
	Head    string `json:"head"`  // tag: PastHead has the note
}

var next = regexp.MustCompile(`^([1-9][0-9]{0,18}) ([1-9][0-9]?) ([0-9a-f]{16})$`)

// String is the value of NextHeader.
func (n Next) String() string { return fmt.Sprintf("%d %d %s", n.Version, n.Share, n.Head) }

// ParseNext reads a value of NextHeader.
func ParseNext(s string) (n Next, ok bool) {
	m := next.FindStringSubmatch(s)
	if m == nil {
		return Next{}, false
	}
	version, err := strconv.ParseUint(m[1], 10, 64)
	share, _ := strconv.Atoi(m[2])
	return Next{version, share, m[3]}, err == nil
}
