// Package opendatahub reads objects of the tourism API of the Open Data Hub of
// South Tyrol (https://tourism.opendatahub.com), and of systems with its shape:
// accommodations, gastronomies, activities and places, events, one object or a
// page of them ("Items").
//
// Names, descriptions and contacts are read in all languages, the position,
// opening hours, figures of tours, pictures with a licence, and the object's own
// licence. Tours have no course in these data (their GPX files are not fetched):
// they are shown where they start. Objects that are not active, or are closed
// data, are rejected. Ids are those of the hub.
//
// Calls may run concurrently. Memory is bounded by records.MaxFileBytes and
// jsonread.MaxObject.
package opendatahub

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/pannier-maps/pannier/tiles/source/jsonread"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// Read reads a JSON file.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	all := records.NewCollector(opts)
	count := 0
	err = jsonread.New(raw).Each([]string{"Items"}, func(line int, raw json.RawMessage) error {
		count++
		where := fmt.Sprintf("object %d", count)
		var o object
		if problem := jsonread.Object(raw, &o); problem != "" {
			all.Reject(line, where, problem)
			return nil
		}
		return o.add(all, line, where)
	})
	if err != nil {
		return nil, err
	}
	return all.Found("object of the Open Data Hub")
}
