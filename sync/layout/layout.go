// Package layout names the objects of a site.
//
// A site is a folder of plain files that any static web server, object store or
// CDN can serve. Writer and reader share these names, so that neither has to
// ask the other. FORMAT.md beside this file lists them all.
//
// The regions list, each region's head and its history change; every other
// object is named by its content, or by the contents it leads from and to, and
// never changes.
package layout

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/pannier-maps/pannier/sync/blob"
)

// Regions is the object that lists a site's regions (JSON).
const Regions = "v1/regions.json"

// Media types of the objects that are not JSON.
const (
	HeadType     = "text/plain; charset=utf-8" // roots too
	ManifestType = "application/vnd.pannier.manifest"
	DeltaType    = "application/vnd.pannier.delta"
	UpdateType   = "application/vnd.pannier.update"
	BlobType     = "application/zstd"
)

// ErrName is returned for a region that cannot be part of a name.
var ErrName = errors.New("invalid region name")

var region = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$`)

// CheckRegion reports whether name can name a region: 1 to 64 of a-z, 0-9 and
// hyphen, with no hyphen at either end.
func CheckRegion(name string) error {
	if !region.MatchString(name) {
		return fmt.Errorf("%w %q: use 1 to 64 of a-z, 0-9 and -, such as \"mura-drava\"", ErrName, name)
	}
	return nil
}

// Root names the site's root of a version, from 1.
func Root(version uint64) string { return "v1/roots/" + strconv.FormatUint(version, 10) }

// Region returns the folder of a region's own objects.
func Region(region string) string { return "v1/regions/" + region }

// Head names the region's signed head.
func Head(region string) string { return Region(region) + "/head" }

// PastHead names a copy of a head that was current once, by the first 16 hex
// digits of its SHA-256: what an update's head may be coded against.
func PastHead(region, tag string) string { return Region(region) + "/heads/" + tag }

// History names the list of the region's versions and deltas (JSON).
func History(region string) string { return Region(region) + "/history.json" }

// Manifest names a manifest, packed as a blob is.
func Manifest(region string, manifest blob.Hash) string {
	return Region(region) + "/manifests/" + manifest.String()
}

// Delta names the delta that leads from one manifest to another.
func Delta(region string, from, to blob.Hash) string {
	return Region(region) + "/deltas/" + from.Short() + "-" + to.Short()
}

// Blob names a cell's stored bytes, which all regions of a site share.
func Blob(name blob.Hash) string {
	s := name.String()
	return "v1/blobs/" + s[:2] + "/" + s
}

// Update is where a Pannier server, but no static site, answers with the
// current head and the delta that leads to it.
func Update(region string, from blob.Hash) string {
	return Region(region) + "/update/" + from.Short()
}

// UpdatePart is the same for a device that does not hold all cells of its
// version, or that wants to know what comes before it fetches that.
func UpdatePart(region string, from blob.Hash) string { return Update(region, from) + "/part" }
