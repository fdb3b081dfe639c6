package changes

import (
	_ "embed"
	"strconv"
	"strings"
	"time"
)

//go:embed phrases.tsv
var phrasesTSV string

// phrases holds each phrase by language, and the languages that there are.
var phrases, languages = readPhrases(phrasesTSV)

func readPhrases(table string) (all map[string]map[string]string, languages []string) {
	all = make(map[string]map[string]string)
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		columns := strings.Split(line, "\t")
		if i == 0 {
			languages = columns[1:]
			continue
		}
		all[columns[0]] = make(map[string]string)
		for j, l := range languages {
			all[columns[0]][l] = columns[1+j]
		}
	}
	return all, languages
}

// language returns the reader's best language that there are phrases in, else
// English.
func (o Options) language() string {
	for _, l := range o.Languages {
		plain, _, _ := strings.Cut(l, "-")
		if phrases["new"][plain] != "" {
			return plain
		}
	}
	return "en"
}

// say fills in a phrase; with are names and values by turns. What a value holds
// is not filled in again.
func (o Options) say(phrase string, with ...string) string {
	pairs := make([]string, len(with))
	for i := range with {
		pairs[i] = with[i]
		if i%2 == 0 {
			pairs[i] = "{" + with[i] + "}"
		}
	}
	return strings.NewReplacer(pairs...).Replace(phrases[phrase][o.language()])
}

// day writes a date as people say it, with the year when it is not this one.
func (o Options) day(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	phrase := "date"
	if strings.HasPrefix(o.Today, date[:5]) {
		phrase = "date.year"
	}
	month := strings.Split(o.say("months"), ",")[t.Month()-1]
	return o.say(phrase, "d", strconv.Itoa(t.Day()), "month", month, "y", strconv.Itoa(t.Year()))
}

// during says when something holds.
func (o Options) during(what, from, until string) string {
	switch {
	case from != "" && until != "":
		return o.say("between", "what", what, "from", o.day(from), "until", o.day(until))
	case from != "":
		return o.say("from", "what", what, "from", o.day(from))
	case until != "":
		return o.say("until", "what", what, "until", o.day(until))
	}
	return what
}
