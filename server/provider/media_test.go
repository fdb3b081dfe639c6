package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/server/media"
	"github.com/pannier-maps/pannier/server/public"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// picture makes a PNG of 900 by 600 pixels, another one for each seed.
func picture(t testing.TB, seed int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 900, 600))
	for y := range 600 {
		for x := range 900 {
			m.SetRGBA(x, y, color.RGBA{uint8(x * seed / 7), uint8(y * (seed + 1) / 5), uint8((x + y) / 6), 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

const photos = "/v1/organisations/inn/media"

// photo puts a photo into an organisation's library for a row that needs one.
func (w *world) photo(row Route, org string) string {
	if !strings.Contains(row.Path, "{media}") {
		return ""
	}
	var file bytes.Buffer
	w.must(png.Encode(&file, image.NewGray(image.Rect(0, 0, 20, 20))))
	a, err := w.host.Media.Add(w.Context(), org, "user/x", &file, "")
	w.must(err)
	return a.Hash
}

// bomb is a PNG whose header says 20,000 by 20,000 pixels.
func bomb(t testing.TB) string {
	file := []byte(picture(t, 1))
	binary.BigEndian.PutUint32(file[16:], 20000)
	binary.BigEndian.PutUint32(file[20:], 20000)
	return string(file)
}

func TestPhotos(t *testing.T) {
	w := newWorld(t)
	w.check()
	file := picture(t, 3)
	sum := sha256.Sum256([]byte(file))
	announced := header("Upload-Checksum", "sha256 "+base64.StdEncoding.EncodeToString(sum[:]))
	added := read[media.Added](w.call("contributor", "POST", photos, file, announced).want(201, `"known":false`, `"type":"image/png"`))
	one := photos + "/" + added.Hash
	if got := w.call("machine", "POST", photos, file); got.header.Get("Location") != one {
		t.Errorf("it lies at %q", got.header.Get("Location"))
	}
	w.call("machine", "POST", photos, file).want(201, `"known":true`)
	w.call("contributor", "POST", photos, picture(t, 4), announced).want(460, "/problems/checksum")
	w.call("contributor", "POST", photos, file, header("Upload-Checksum", "md5 x")).want(400)
	w.call("contributor", "POST", photos, file, header("Content-Encoding", "gzip")).want(415)
	w.call("contributor", "POST", photos, `<svg xmlns="http://www.w3.org/2000/svg"/>`, header("Content-Type", "image/png")).want(415, "SVG")
	w.call("contributor", "POST", photos, file[:len(file)/2]).want(422, "cut short")
	w.call("contributor", "POST", photos, bomb(t)).want(413, "20000 × 20000")
	w.call("contributor", "POST", photos, strings.Repeat("x", media.MaxBytes+1)).want(413)

	w.call("contributor", "PUT", one, `{}`).want(422, `"field":"credit"`, `"field":"licence"`)
	w.call("contributor", "PUT", one, `{"credit":"The inn","licence":"all mine","alt":{"xx-":"a"}}`).want(422, `"field":"licence"`, `"field":"alt"`)
	w.call("contributor", "PUT", one, `{"credit":"The inn","licence":"CC-BY-4.0","alt":{"de":"Gaststube"}}`).want(200, `"editor":"user/`, `"de":"Gaststube"`)
	w.call("foreigner", "PUT", one, `{"credit":"The museum","licence":"CC0-1.0"}`).want(403)
	w.call("foreigner", "GET", "/v1/organisations/museum/media/"+added.Hash, nil).want(404)

	second := read[media.Added](w.call("contributor", "POST", photos, picture(t, 9)).want(201))
	page := read[Photos](w.call("contributor", "GET", photos+"?limit=1", nil).want(200))
	rest := read[Photos](w.call("contributor", "GET", photos+"?cursor="+page.Next, nil).want(200))
	if len(page.Media) != 1 || len(rest.Media) != 1 || page.Media[0].Hash == rest.Media[0].Hash || rest.Next != "" {
		t.Errorf("pages %+v, %+v", page, rest)
	}

	for _, size := range []string{"320", "800", "1600"} {
		got := w.call("contributor", "GET", one+"/"+size, nil).want(200)
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable",
			"Content-Disposition": `attachment; filename="` + added.Hash + "-" + size + `.jpg"`, "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got.header.Get(name) != want {
				t.Errorf("size %s: %s is %q, want %q", size, name, got.header.Get(name), want)
			}
		}
		if _, err := jpeg.Decode(bytes.NewReader(got.body)); err != nil {
			t.Errorf("size %s: %v", size, err)
		}
		w.call("contributor", "GET", one+"/"+size, nil, header("If-None-Match", got.header.Get("ETag"))).want(304)
	}
	w.call("contributor", "GET", one+"/640", nil).want(404)
	w.call("editor", "GET", "/v1/regions/alps/media/"+added.Hash+"/800", nil).want(200)
	w.call("administrator", "GET", "/v1/regions/coast/media/"+added.Hash+"/800", nil).want(404)

	// Features name what the organisation has, with its terms.
	w.trust()
	const path = "/v1/regions/alps/features/inn/inn/1"
	with := func(hash string) string {
		return strings.Replace(inn("Krone"), `"provenance"`, `"media":[{"hash":"`+hash+`","licence":"CC0-1.0"}],"provenance"`, 1)
	}
	w.call("contributor", "PUT", path, with(strings.Repeat("0", 64)), header("If-None-Match", "*")).want(422, `"field":"media.0.hash"`, "upload it first")
	w.call("contributor", "PUT", path, with(second.Hash), header("If-None-Match", "*")).want(422, "credit and licence are missing")
	w.call("contributor", "PUT", path, with(added.Hash), header("If-None-Match", "*")).want(200)
	w.call("contributor", "GET", path, nil).want(200, `"credit":"The inn"`, `"licence":"CC-BY-4.0"`, `"width":900`, `"de":"Gaststube"`)

	w.call("contributor", "DELETE", one, nil).want(204)
	w.call("contributor", "GET", one, nil).want(404)
	w.call("contributor", "GET", one+"/800", nil).want(404)
}

// TestPhotoToPhone brings a photo from an upload to a phone without a network.
func TestPhotoToPhone(t *testing.T) {
	w := newWorld(t)
	w.root()
	w.trust()
	added := read[media.Added](w.call("contributor", "POST", photos, picture(t, 3)).want(201))
	w.call("contributor", "PUT", photos+"/"+added.Hash, `{"credit":"The inn","licence":"CC-BY-4.0"}`).want(200)
	shown := strings.Replace(inn("Krone"), `"provenance"`, `"media":[{"hash":"`+added.Hash+`","licence":"CC-BY-4.0"}],"provenance"`, 1)
	w.call("contributor", "PUT", "/v1/regions/alps/features/inn/inn/1", shown, header("If-None-Match", "*")).want(200)
	w.call("contributor", "POST", "/v1/regions/alps/versions", `{}`).want(201, `"number":1`)
	want := w.call("contributor", "GET", photos+"/"+added.Hash+"/800", nil).want(200).body

	server := httptest.NewServer(public.New(public.Config{Blobs: w.host.Site, Updates: publish.NewUpdates(w.host.Site), Log: slog.New(slog.DiscardHandler)}))
	phone, err := offline.Open(filepath.Join(t.TempDir(), "alps.pannier"))
	w.must(err)
	defer phone.Close()
	fetch := func(s *cover.Selection) {
		t.Helper()
		c := pull.NewClient(server.URL)
		defer c.Close()
		_, err := c.Pull(t.Context(), ownRegion, phone, pull.Options{Stage: filepath.Join(t.TempDir(), "stage"), Selection: s})
		w.must(err)
	}
	bare := &cover.Selection{Layers: []cell.Layer{cell.Features, cell.Graph, cell.Tiles, cell.Assets}}
	fetch(bare) // pannier pull --no-media
	f, err := phone.Feature(t.Context(), "inn/1")
	w.must(err)
	if len(f.Media) != 1 || f.Media[0].Hash != added.Hash || f.Media[0].Credit != "The inn" {
		t.Fatalf("the phone has %+v", f.Media)
	}
	key := cell.Key{Layer: cell.Media, ID: f.Cell()}
	if _, err := phone.Cell(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without media: %v", err)
	}
	fetch(new(cover.Selection)) // pannier pull --all
	server.Close()
	raw, err := phone.Cell(context.Background(), key)
	w.must(err)
	found := false
	for item, err := range cell.Items(raw) {
		w.must(err)
		found = found || string(item.Key) == string(cell.PhotoKey(added.Hash)) && bytes.Equal(item.Value, want)
	}
	if !found {
		t.Error("the photo is not on the phone")
	}

	// The next version is without it, once it is deleted.
	w.call("contributor", "DELETE", photos+"/"+added.Hash, nil).want(204)
	w.call("contributor", "POST", "/v1/regions/alps/versions", `{}`).want(201, `"number":2`)
	m, err := w.host.Last(t.Context(), ownRegion)
	w.must(err)
	if _, there := m.Find(key); there {
		t.Error("it is still published")
	}
}
