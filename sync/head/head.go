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
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
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
	lines := strings.Split(text, "\n")
	if len(lines) != 9 || lines[8] != "" {
		return nil, fmt.Errorf("%w: %d lines, expected 8", ErrCorrupt, len(lines)-1)
	}
	h := &Head{Origin: lines[0]}
	p := parser{lines: lines}
	h.Root = p.number(1, "root")
	h.Epoch = p.number(2, "epoch")
	h.Version = p.number(3, "version")
	h.Issued = p.time(4, "issued")
	h.Expires = p.time(5, "expires")
	p.manifest(6, h)
	h.Previous = p.hash(7, p.value(7, "previous"))
	if p.err != nil {
		return nil, p.err
	}
	if !strings.HasSuffix(h.Origin, "/head/v1") || layout.CheckRegion(h.Region()) != nil || h.Root == 0 || h.Epoch == 0 || h.Version == 0 || h.text() != text {
		return nil, fmt.Errorf("%w: not in canonical form", ErrCorrupt)
	}
	return h, nil
}

// parser reads lines of the form "name value", keeping the first error.
type parser struct {
	lines []string
	err   error
}

func (p *parser) fail(line int, name string) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: line %d is not a valid %q", ErrCorrupt, line+1, name)
	}
}

func (p *parser) value(line int, name string) string {
	v, ok := strings.CutPrefix(p.lines[line], name+" ")
	if !ok {
		p.fail(line, name)
	}
	return v
}

func (p *parser) number(line int, name string) uint64 {
	n, err := strconv.ParseUint(p.value(line, name), 10, 64)
	if err != nil {
		p.fail(line, name)
	}
	return n
}

func (p *parser) time(line int, name string) time.Time {
	t, err := time.Parse(time.RFC3339, p.value(line, name))
	if err != nil {
		p.fail(line, name)
	}
	return t.UTC()
}

func (p *parser) hash(line int, s string) blob.Hash {
	h, err := blob.ParseHash(s)
	if err != nil {
		p.fail(line, "hash")
	}
	return h
}

func (p *parser) manifest(line int, h *Head) {
	parts := strings.Split(p.value(line, "manifest"), " ")
	if len(parts) != 3 {
		p.fail(line, "manifest")
		return
	}
	h.Manifest = p.hash(line, parts[0])
	raw, err1 := strconv.ParseUint(parts[1], 10, 32)
	stored, err2 := strconv.ParseUint(parts[2], 10, 32)
	if err1 != nil || err2 != nil {
		p.fail(line, "manifest")
	}
	h.ManifestRaw, h.ManifestStored = uint32(raw), uint32(stored)
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
