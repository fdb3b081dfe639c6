// Package datatourisme reads objects of DATAtourisme
// (https://www.datatourisme.fr), the data of France's tourist offices, in JSON-LD
// by its ontology 3.1: single objects, lists of them, and the archives that the
// platform delivers, with an index and a file for each object.
//
// Names and descriptions are read in all languages, the address, contact, opening
// hours (as far as they have times; mere spans of dates become seasons), prices,
// access, and photos that have a licence. Tours have no course in these data:
// they are shown where they start. Events become notices for their days. Ids are
// those of the platform.
//
// Calls may run concurrently. Memory is bounded by records.MaxFileBytes,
// zipped.MaxEntry and jsonread.MaxObject.
package datatourisme

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/jsonld"
	"github.com/pannier-maps/pannier/tiles/source/jsonread"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/zipped"
)

const wanted = "object of DATAtourisme"

// Read reads a JSON file.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	p := &parser{all: records.NewCollector(opts), opts: opts}
	if err := p.text(raw, ""); err != nil {
		return nil, err
	}
	return p.end()
}

// ReadZip reads an archive.
func ReadZip(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	archive, err := zipped.Open(raw)
	if err != nil {
		return nil, err
	}
	p := &parser{all: records.NewCollector(opts), opts: opts}
	for _, f := range archive.Files() {
		name := path.Base(f.Name)
		if !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".jsonld") || name == "index.json" || strings.HasPrefix(name, "context.") {
			continue
		}
		text, err := archive.Read(f, zipped.MaxEntry)
		if err != nil {
			return nil, err
		}
		if err := p.text(text, f.Name); err != nil {
			var broken *records.Error
			if !errors.As(err, &broken) || broken.Where == "" {
				return nil, err
			}
			p.all.Reject(broken.Line, f.Name, err.Error())
		}
	}
	return p.end()
}

// parser is the state of one Read.
type parser struct {
	all   *records.Collector
	opts  records.Options
	count int
	index int // entries of an index of an archive
}

func (p *parser) end() (*records.File, error) {
	file, err := p.all.Found(wanted)
	if err != nil && p.index > 0 {
		return nil, records.Errorf(0, "this is only the index of an archive of DATAtourisme; import the whole archive")
	}
	return file, err
}

// text reads the objects of a file; inside is its name in the archive, or "".
func (p *parser) text(raw []byte, inside string) error {
	return jsonread.New(raw).Each([]string{"@graph"}, func(line int, raw json.RawMessage) error {
		p.count++
		where := inside
		if where == "" {
			where = fmt.Sprintf("object %d", p.count)
		}
		var object map[string]any
		if problem := jsonread.Object(raw, &object); problem != "" {
			p.all.Reject(line, where, problem)
			return nil
		}
		if object["file"] != nil && object["label"] != nil && object["@type"] == nil {
			p.index++
			return nil
		}
		o := poi{Node: jsonld.MakeNode(object), language: p.opts.Language}
		return o.add(p.all, line, where)
	})
}
