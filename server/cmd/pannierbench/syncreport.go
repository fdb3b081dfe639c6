package main

// Sync is an update of a real client by a real server.
type Sync struct {
	Name     string `json:"name"`
	Region   string `json:"region"`
	Class    Class  `json:"class"`
	Sent     int64  `json:"sent_bytes"` // on the wire, request headers included
	Received int64  `json:"received_bytes"`
	Requests int64  `json:"requests"`
	Delta    int64  `json:"delta_bytes"`          // the published object alone; 0 when nothing changed
	Manifest int64  `json:"delta_manifest_bytes"` // of the delta, with the list of segments
	Features int64  `json:"delta_features_bytes"`
	Tiles    int64  `json:"delta_tiles_bytes"`
	Full     int64  `json:"full_bytes"` // a first pull of the new version, on the wire
	Cells    int    `json:"changed_cells"`

	TilesChanged    bool   `json:"tiles_changed"`
	FeaturesChanged bool   `json:"features_changed"`
	Peers           []Peer `json:"peers"`

	Apply   Step    `json:"apply"`                             // the client's whole process
	Publish *Usage  `json:"publish,omitempty"`                 // the command, carried out inside a serving daemon
	Work    float64 `json:"publish_seconds,omitempty"`         // of that, from the request to the signed head
	Decode  float64 `json:"decode_bytes_per_second,omitempty"` // of new content from the delta, on one core
}

// Class says how much changes, and so which targets hold.
type Class string

// The classes.
const (
	nothing  Class = "nothing"
	onePOI   Class = "one POI"
	small    Class = "small edit"
	days     Class = "days"
	months   Class = "months"
	feedPast Class = "feed" // features without a map
)

// What peers work on.
const (
	onRaw     = "raw tiles"
	onRows    = "raw tiles and features" // where features change
	onPMTiles = "PMTiles"
	onMBTiles = "MBTiles"
)

// Peer is another program's update between the same contents.
type Peer struct {
	Name  string `json:"name"`
	On    string `json:"on"`
	Bytes int64  `json:"bytes"`
	Wrong string `json:"wrong,omitempty"` // why its result is not the new content
	Tries int    `json:"tries,omitempty"` // where it was tried several times
}

// Wire returns the bytes on the wire, both ways.
func (s Sync) Wire() int64 { return s.Sent + s.Received }

// peer returns what a peer takes.
func (s Sync) peer(name, on string) (Peer, bool) {
	for _, p := range s.Peers {
		if p.Name == name && p.On == on {
			return p, true
		}
	}
	return Peer{}, false
}

// raw says which content in a row holds all that changes.
func (s Sync) raw() string {
	if s.FeaturesChanged {
		return onRows
	}
	return onRaw
}

// best returns the peer that takes the least and brings a part of the change at
// least: an archive of tiles that stay the same brings none.
func (s Sync) best() (best Peer, ok bool) {
	for _, p := range s.Peers {
		carries := p.On == s.raw() || s.TilesChanged && (p.On == onPMTiles || p.On == onMBTiles)
		if carries && p.Wrong == "" && (!ok || p.Bytes < best.Bytes) {
			best, ok = p, true
		}
	}
	return best, ok
}

// Target is a promise, held against one row.
type Target struct {
	Row     string  `json:"row"`
	Promise string  `json:"promise"`
	Got     float64 `json:"got"`   // bytes, or a ratio
	Limit   float64 `json:"limit"` // that it must not be over
	Met     bool    `json:"met"`
	Note    string  `json:"note,omitempty"`
}
