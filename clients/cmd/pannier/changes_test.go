package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// edited is content a version later.
func edited() offlinetest.Content {
	c := content()
	c.Features[0].OpeningHours = "Tu-Su 10:00-17:00"
	closed := offlinetest.POI("feed/1", "notice.closure", 15.6460, 46.5570, "und", "Most na Muri")
	closed.Kind, closed.Valid = feature.Notice, &feature.Period{From: "2031-05-01"}
	c.Features = append(c.Features[:2], closed,
		offlinetest.POI("osm/node/4", "water.drinking", 15.7, 46.5580, "und", "Vodnjak"),
		offlinetest.POI("osm/node/5", "water.drinking", 15.6460, 46.5560),
	)
	return c
}

func TestChanges(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL)
	if out := d.must("changes"); out != "drava has not been updated since version 1 was installed.\n" {
		t.Errorf("changes of the first version: %q", out)
	}
	if out := d.must("update", "--dry-run"); out != "drava is up to date: version 1.\n" {
		t.Errorf("dry run of nothing new: %q", out)
	}
	d.publish(edited())
	want := []string{
		"5 changes\n",
		"  gesperrt ab 1. Mai 2031: Most na Muri, ",
		"  2 neu: Trinkwasser (Vodnjak, …), ",
		"  Gasthof Georgine · Restaurant: Öffnungszeiten jetzt Tu-Su 10:00-17:00, ",
		"  entfallen: Kaapse Koffie · Café, ",
	}
	dry := d.must("update", "--dry-run", "--near", "46.5547,15.6459")
	for _, text := range append(want, "drava would be version 2, with ", "Version 2 after 1: ", "  features  ") {
		if !strings.Contains(dry, text) {
			t.Errorf("update --dry-run wrote\n%s\nwithout %q", dry, text)
		}
	}
	if now := d.object("status"); now["version"] != 1.0 {
		t.Errorf("the dry run installed something: %v", now)
	}
	asked := d.object("update", "--dry-run")
	if asked["total"] != 5.0 || asked["from"] != 1.0 || asked["to"] != 2.0 || asked["plan"].(map[string]any)["bytes_to_fetch"] != 0.0 {
		t.Errorf("update --dry-run: %v", asked)
	}
	d.must("update")
	if left, _ := filepath.Glob(filepath.Join(d.dir, "*.stage")); left != nil {
		t.Errorf("downloads are left: %q", left)
	}
	d.server.Close()
	told := d.must("changes", "--near", "46.5547,15.6459")
	for _, text := range append(want, "drava, version 2 after 1: ") {
		if !strings.Contains(told, text) {
			t.Errorf("changes wrote\n%s\nwithout %q", told, text)
		}
	}
	if told := d.must("changes"); strings.Contains(told, " away") {
		t.Errorf("changes tells distances from nowhere:\n%s", told)
	}
	v := d.object("changes", "--limit", "0")
	if v["total"] != 5.0 || len(v["lines"].([]any)) != 4 || len(v["changes"].([]any)) != 5 {
		t.Errorf("changes: %v", v)
	}
	if _, errs, err := d.run("changes", "--near", "46"); err == nil || !strings.Contains(errs, "write LAT,LON") {
		t.Errorf("changes near nowhere: %v, %q", err, errs)
	}
}

// TestChangesAlongTheRoute tells what is near the route that is held first.
func TestChangesAlongTheRoute(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL, "--along", write(t, "tour.gpx", tour))
	d.publish(edited())
	d.must("update")
	told := d.must("changes")
	for _, text := range []string{"4 changes", "2 neu: Trinkwasser (Vodnjak, …), the nearest 0 m away\n"} {
		if !strings.Contains(told, text) {
			t.Errorf("changes wrote\n%s\nwithout %q", told, text)
		}
	}
}
