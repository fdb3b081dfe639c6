package media

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// Words are what an organisation says of a photo.
type Words struct {
	Credit  string            `json:"credit,omitempty" doc:"whom to name: who took it, or whose it is"`
	Licence string            `json:"licence,omitempty" doc:"SPDX id such as CC-BY-4.0, or LicenseRef- and a name for terms of your own"`
	Alt     map[string]string `json:"alt,omitempty" doc:"what it shows, by language"`
}

// Licences are the SPDX ids (spdx.org/licenses) that photos come under. Others
// are given as LicenseRef-NAME, as SPDX has it.
var Licences = []string{
	"CC0-1.0", "CC-PDDC", "PDDL-1.0",
	"CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-3.0-AT", "CC-BY-3.0-DE", "CC-BY-4.0",
	"CC-BY-SA-2.0", "CC-BY-SA-2.5", "CC-BY-SA-3.0", "CC-BY-SA-3.0-AT", "CC-BY-SA-3.0-DE", "CC-BY-SA-4.0",
	"CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-3.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0",
	"ODbL-1.0", "ODC-By-1.0", "OGL-UK-3.0", "etalab-2.0", "DL-DE-BY-2.0", "DL-DE-ZERO-2.0", "IODL-2.0", "FreeImage", "LAL-1.3",
}

var ownLicence = regexp.MustCompile(`^LicenseRef-[A-Za-z0-9.-]{1,64}$`)

// check lists what is wrong with the words, by member.
func (w Words) check() (problems []*feature.FieldError) {
	fail := func(field, problem string) {
		problems = append(problems, &feature.FieldError{Field: field, Problem: problem})
	}
	switch {
	case strings.TrimSpace(w.Credit) == "":
		fail("credit", "missing: say whom to name for the photo")
	case feature.Clean(w.Credit, feature.MaxValueChars) != w.Credit:
		fail("credit", fmt.Sprintf("must be at most %d characters without control characters or spaces around them", feature.MaxValueChars))
	}
	switch {
	case w.Licence == "":
		fail("licence", "missing: say under which terms it may be shown, such as CC-BY-4.0")
	case !ownLicence.MatchString(w.Licence) && !slices.Contains(Licences, w.Licence):
		fail("licence", fmt.Sprintf("%.80q is not the SPDX id of a licence for photos such as CC0-1.0, CC-BY-4.0 or CC-BY-SA-4.0, nor LicenseRef- and a name", w.Licence))
	}
	f := feature.Feature{Media: []feature.Media{{Hash: strings.Repeat("0", 64), Alt: w.Alt, Licence: "x"}}}
	for _, p := range f.Problems() {
		if field, ok := strings.CutPrefix(p.Field, "media.0."); ok {
			fail(field, p.Problem)
		}
	}
	return problems
}
