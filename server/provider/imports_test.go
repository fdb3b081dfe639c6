package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/jobs"
)

const rooms = "id;name;lat;lon;phone\n1;Krone;46,6;16,1;1\n2;Post;46,61;16,12;2\n3;Rose;;16,13;3\n"

// imported waits until nobody works on an import any more.
func (w *world) imported(actor string, number uint64) Import {
	w.Helper()
	for range 2000 {
		is := read[Import](w.call(actor, "GET", fmt.Sprintf("/v1/regions/alps/imports/%d", number), nil).want(200))
		if !is.State.Working() {
			return is
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.Fatalf("import %d does not come to an end", number)
	return Import{}
}

// send sends a whole file and has it read.
func (w *world) send(actor, name, content string) Import {
	w.Helper()
	path := "/v1/regions/alps/uploads/file?name=" + name
	u := read[UploadedFile](w.call(actor, "POST", path, content, header("Content-Type", fileKind)).want(201))
	is := read[Import](w.call(actor, "POST", "/v1/regions/alps/imports", `{"upload":"`+u.ID+`","licence":"CC-BY-4.0","language":"de"}`).want(201))
	return w.imported(actor, is.Number)
}

func TestUploads(t *testing.T) {
	w := newWorld(t)
	w.check()
	data := strings.Repeat(rooms, 5000)
	sum := sha256.Sum256([]byte(data[100_000:]))
	u := read[UploadedFile](w.call("contributor", "POST", "/v1/regions/alps/uploads", fmt.Sprintf(`{"name":"rooms.csv","size":%d}`, len(data))).want(201, `"offset":0`))
	path := "/v1/regions/alps/uploads/" + u.ID
	part := func(actor, body string, offset int, change ...func(*http.Request)) answer {
		t.Helper()
		change = append([]func(*http.Request){header("Content-Type", partKind), header("Upload-Offset", fmt.Sprint(offset))}, change...)
		return w.call(actor, "PATCH", path, body, change...)
	}
	part("contributor", data[:100_000], 0).want(204)
	if got := w.call("contributor", "HEAD", path, nil); got.status != 200 || got.header.Get("Upload-Offset") != "100000" || got.header.Get(tusHeader) != "1.0.0" {
		t.Errorf("HEAD: %d %v", got.status, got.header)
	}
	part("contributor", data[:100_000], 0).want(409, "/problems/upload-offset", "100000")
	part("contributor", data[100_000:100_100], 100_000).want(422, "65536 bytes at once")
	part("contributor", data[100_000:]+"x", 100_000).want(413)
	checked := header("Upload-Checksum", "sha256 "+base64.StdEncoding.EncodeToString(sum[:]))
	part("contributor", data[100_000:len(data)-1]+"x", 100_000, checked).want(460, "/problems/checksum")
	part("contributor", data[100_000:], 100_000, header("Upload-Checksum", "md5 x")).want(400)
	part("contributor", data[100_000:], 100_000, header("Content-Type", "application/json")).want(415)
	part("foreigner", data[100_000:], 100_000).want(403)
	w.call("contributor", "POST", "/v1/regions/alps/imports", `{"upload":"`+u.ID+`","licence":"CC-BY-4.0"}`).want(409, "100000 of")
	part("editor", data[100_000:], 100_000, checked).want(204)
	w.call("contributor", "GET", path, nil).want(200, fmt.Sprintf(`"offset":%d`, len(data)))
	w.call("contributor", "DELETE", path, nil).want(204)
	w.call("contributor", "GET", path, nil).want(404)

	w.call("contributor", "POST", "/v1/regions/alps/uploads", fmt.Sprintf(`{"name":"a","size":%d}`, jobs.MaxFile+1)).want(413)
	w.call("contributor", "POST", "/v1/regions/alps/uploads", `{"name":"a","size":1,"organisation":"museum"}`).want(403)
	w.call("editor", "POST", "/v1/regions/alps/uploads", `{"name":"a","size":1,"organisation":"museum"}`).want(422, "does not work in this region")
	w.call("editor", "POST", "/v1/regions/alps/uploads", `{"name":"a","size":1}`).want(422, "organisation")
	for range jobs.MaxHeld / jobs.MaxFile {
		w.call("contributor", "POST", "/v1/regions/alps/uploads", fmt.Sprintf(`{"name":"a","size":%d}`, jobs.MaxFile)).want(201)
	}
	w.call("contributor", "POST", "/v1/regions/alps/uploads", fmt.Sprintf(`{"name":"a","size":%d}`, jobs.MaxFile)).want(409, "/problems/limit")
}

func TestImports(t *testing.T) {
	const imports = "/v1/regions/alps/imports"
	w := newWorld(t)
	w.check()
	is := w.send("contributor", "rooms.csv", rooms)
	if is.State != jobs.Ready || is.Kind != "CSV" || is.Counts != (jobs.Counts{New: 2, Rejected: 1}) || !is.Table {
		t.Fatalf("read %+v", is)
	}
	w.call("contributor", "GET", imports+"/1/items", nil).want(200, `"line":2,"id":"inn/1","name":"Krone"`, `"phone":"1"`)
	w.call("contributor", "GET", imports+"/1/items?group=rejected", nil).want(200, `"line":4`, "the latitude is missing")
	w.call("contributor", "GET", imports+"/1/items?limit=1", nil).want(200, `"next":"0.1"`)
	w.call("contributor", "GET", imports+"/1/items?cursor=0.1", nil).want(200, `"id":"inn/2"`)
	columns := read[ImportColumns](w.call("contributor", "GET", imports+"/1/columns", nil).want(200, `"header":"lat","field":"latitude"`, "semicolons"))
	w.call("foreigner", "GET", imports+"/1", nil).want(403)
	w.call("contributor", "GET", imports+"/9", nil).want(404)
	w.call("contributor", "POST", imports+"/1/apply", `{"accept":true}`).want(403, "an editor accepts")

	columns.Mapping.Columns[4].Field = ""
	w.call("contributor", "PUT", imports+"/1/columns", columns.Mapping).want(200)
	w.call("contributor", "PUT", imports+"/1/columns", `{"columns":[{"header":"id","field":"nothing"}]}`)
	if is = w.imported("contributor", 1); is.State != jobs.Ready || is.Counts.New != 2 {
		t.Errorf("with other columns: %+v", is)
	}
	w.call("contributor", "PUT", imports+"/1/settings", `{"licence":"CC0-1.0","language":"de","category":"lodging.hotel"}`).want(200, `"category":"lodging.hotel"`)
	w.imported("contributor", 1)
	w.call("contributor", "GET", imports+"/1/items", nil).want(200, `"category":"lodging.hotel"`, `"licence":"CC0-1.0"`)

	// A second one at once is told of the first.
	u := read[UploadedFile](w.call("machine", "POST", "/v1/regions/alps/uploads/file?name=a.csv", rooms, header("Content-Type", fileKind)).want(201))
	w.call("machine", "POST", imports, `{"upload":"`+u.ID+`","licence":"CC-BY-4.0"}`).want(409, "/problems/import-busy", "Import 1 has the source inn")

	w.call("contributor", "PUT", imports+"/1/choice", `{"take":{"new":true,"changed":true,"edited":false,"vanished":false},"exclude":["inn/2"]}`).want(200, `"excluded":1`)
	w.call("contributor", "POST", imports+"/1/apply", `{"title":"Rooms"}`).want(202)
	if is = w.imported("contributor", 1); is.State != jobs.Proposed || is.Change != 1 {
		t.Fatalf("proposed: %+v", is)
	}
	w.call("editor", "POST", "/v1/regions/alps/changes/1/accept", `{}`).want(200, `"applied":1`)
	w.call("contributor", "GET", imports+"/1", nil).want(200, `"state":"applied"`, `"written":1`)
	w.call("contributor", "GET", "/v1/regions/alps/features/inn/inn/1", nil).want(200, `"provider":"The inn"`)

	w.trust()
	is = read[Import](w.call("machine", "POST", imports, `{"upload":"`+u.ID+`","licence":"CC-BY-4.0","language":"de"}`).want(201))
	is = w.imported("machine", is.Number)
	if is.Counts != (jobs.Counts{New: 1, Changed: 1, Rejected: 1}) {
		t.Errorf("again, with phones: %+v", is.Counts)
	}
	w.call("machine", "GET", imports+"/2/items?group=changed", nil).want(200, `"path":"contact.phone","after":"1"`)
	w.call("machine", "POST", imports+"/2/apply", `{"accept":true}`).want(202)
	if is = w.imported("machine", 2); is.State != jobs.Applied || is.Written != 2 {
		t.Errorf("applied: %+v", is)
	}
	w.call("machine", "POST", imports+"/2/undo", `{}`).want(202)
	if is = w.imported("machine", 2); is.State != jobs.Undone {
		t.Errorf("undone: %+v", is)
	}
	w.call("contributor", "GET", "/v1/regions/alps/features/inn/inn/2", nil).want(404)
	w.call("editor", "GET", imports+"?limit=1", nil).want(200, `"number":2`, `"next":1`)

	is = w.send("contributor", "letter.txt", "Dear Sir or Madam")
	if is.State != jobs.Failed || !strings.Contains(is.Problem, "letter.txt") {
		t.Errorf("a letter: %+v", is)
	}
	w.call("contributor", "DELETE", imports+"/3", nil).want(200, `"state":"cancelled"`)
	w.call("contributor", "POST", imports+"/3/apply", `{}`).want(409, "/problems/import-state")
}

// The stream of an import ends when there is nothing more to wait for.
func TestImportEvents(t *testing.T) {
	w := newWorld(t)
	u := read[UploadedFile](w.call("contributor", "POST", "/v1/regions/alps/uploads/file?name=a.csv", rooms, header("Content-Type", fileKind)).want(201))
	w.call("contributor", "POST", "/v1/regions/alps/imports", `{"upload":"`+u.ID+`","licence":"CC-BY-4.0"}`).want(201)
	got := w.call("contributor", "GET", "/v1/regions/alps/imports/1/events", nil).want(200)
	events := strings.Split(strings.TrimSpace(string(got.body)), "\n\n")
	last := events[len(events)-1]
	if got.header.Get("Content-Type") != "text/event-stream" || !strings.HasPrefix(last, "event: import\ndata: {") || !strings.Contains(last, `"state":"ready"`) || strings.Contains(last, "progress") {
		t.Errorf("the stream is %s", got.body)
	}
}
