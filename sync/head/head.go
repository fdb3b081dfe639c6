// Package head holds the one object of a region that changes: a small signed
// note that names the current version.
//
// The note is a C2SP signed note (https://c2sp.org/signed-note) with Ed25519
// signatures. Its first line, the origin, ties it to one region of one site, so
// that a head cannot be passed off as another region's. Whoever holds a head
// that verifies knows the hash and the lengths of the manifest, and through it
// those of every cell. FORMAT.md beside this file has the lines one by one.
//
// All functions are pure and safe for concurrent use.
package head

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/signed"
)

// MaxBytes is the longest head, signatures included.
const MaxBytes = 16 << 10

// Errors that a caller acts on.
var (
	ErrCorrupt   = errors.New("corrupt head")
	ErrSignature = errors.New("head is not signed by a trusted key")
	ErrOrigin    = errors.New("head belongs to another region")
	ErrRollback  = errors.New("head is older than the installed one")
	ErrEquivocal = errors.New("two different heads for one version")
)

// Head names a region's current version.
type Head struct {
	Origin         string // Origin(site, region)
	Root           uint64 // version of the root whose key signed it
	Epoch          uint64 // as that root says; raised only to recover from a stolen key
	Version        uint64 // 1, 2, 3 …
	Issued         time.Time
	Expires        time.Time // after it, freshness is unverified; nothing is disabled
	Manifest       blob.Hash
	ManifestRaw    uint32    // length of the manifest in bytes
	ManifestStored uint32    // length of the packed manifest in bytes
	Previous       blob.Hash // of the previous version's signed note; zero for the first
}

// Origin returns the first line of a region's heads. The site is a name that
// the operator chose, without spaces, such as "maps.example.org".
func Origin(site, region string) string { return site + "/" + region + "/head/v1" }

// Region returns the region that an origin names.
func (h *Head) Region() string {
	rest := strings.TrimSuffix(h.Origin, "/head/v1")
	return rest[strings.LastIndexByte(rest, '/')+1:]
}

// text returns the lines that get signed.
func (h *Head) text() string {
	return fmt.Sprintf("%s\nroot %d\nepoch %d\nversion %d\nissued %s\nexpires %s\nmanifest %s %d %d\nprevious %s\n",
		h.Origin, h.Root, h.Epoch, h.Version,
		h.Issued.UTC().Format(time.RFC3339), h.Expires.UTC().Format(time.RFC3339),
		h.Manifest, h.ManifestRaw, h.ManifestStored, h.Previous)
}

// parse reads what text writes, and nothing else.
func parse(text string) (*Head, error) {
	l := signed.ReadLines(text, ErrCorrupt)
	if len(l.Text) != 9 || l.Text[8] != "" {
		return nil, fmt.Errorf("%w: %d lines, expected 8", ErrCorrupt, len(l.Text)-1)
	}
	number := func(line int, name string) uint64 { return l.Number(line, name, l.Value(line, name), 64) }
	hash := func(line int, name, word string) blob.Hash {
		h, err := blob.ParseHash(word)
		if err != nil {
			l.Fail(line, name)
		}
		return h
	}
	list := l.Values(6, "manifest", 3)
	h := &Head{
		Origin: l.Text[0], Root: number(1, "root"), Epoch: number(2, "epoch"), Version: number(3, "version"),
		Issued: l.Time(4, "issued"), Expires: l.Time(5, "expires"),
		Manifest:    hash(6, "manifest", list[0]),
		ManifestRaw: uint32(l.Number(6, "manifest", list[1], 32)), ManifestStored: uint32(l.Number(6, "manifest", list[2], 32)),
		Previous: hash(7, "previous", l.Value(7, "previous")),
	}
	if l.Err != nil {
		return nil, l.Err
	}
	if !strings.HasSuffix(h.Origin, "/head/v1") || layout.CheckRegion(h.Region()) != nil || h.Root == 0 || h.Epoch == 0 || h.Version == 0 || h.text() != text {
		return nil, fmt.Errorf("%w: not in canonical form", ErrCorrupt)
	}
	return h, nil
}

// Follows checks that h may take the place of installed: the pair of epoch and
// version must rise, or stay with the same manifest (a newer signature of the
// same version). A nil installed head is followed by any.
func (h *Head) Follows(installed *Head) error {
	switch {
	case installed == nil:
		return nil
	case h.Origin != installed.Origin:
		return fmt.Errorf("%w: %s, installed is %s", ErrOrigin, h.Origin, installed.Origin)
	case h.Epoch < installed.Epoch, h.Epoch == installed.Epoch && h.Version < installed.Version:
		return fmt.Errorf("%w: offered version %d of epoch %d, installed is %d of %d",
			ErrRollback, h.Version, h.Epoch, installed.Version, installed.Epoch)
	case h.Epoch == installed.Epoch && h.Version == installed.Version && h.Manifest != installed.Manifest:
		return fmt.Errorf("%w: version %d is %s here, %s installed", ErrEquivocal, h.Version, h.Manifest, installed.Manifest)
	}
	return nil
}
