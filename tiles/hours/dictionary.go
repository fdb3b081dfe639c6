package hours

import "fmt"

// dated puts a day before its month: "1 May", "1. Mai".
func dated(format string) func(int, string) string {
	return func(day int, month string) string { return fmt.Sprintf(format, day, month) }
}

// ordinal tells the n-th of something: words for 1 to 5, for the last, and a format for the
// others from the end.
func ordinal(words [5]string, last, fromEnd string) func(int, string) string {
	return func(n int, day string) string {
		switch {
		case n > 0:
			return words[n-1] + " " + day
		case n == -1:
			return last + " " + day
		}
		return fmt.Sprintf(fromEnd, -n, day)
	}
}

var dictionary = map[string]*language{
	"en": {
		days:     [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		months:   [13]string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		closed:   "closed",
		unknown:  "not known",
		always:   "open around the clock",
		allDay:   "all day",
		holidays: map[string]string{"PH": "public holidays", "SH": "school holidays"},
		events:   map[string]string{"dawn": "dawn", "sunrise": "sunrise", "sunset": "sunset", "dusk": "dusk"},
		easter:   "Easter Sunday", week: "week", every: "every %d", from: "from %s", since: "%s or later",
		before: "%s before %s", after: "%s after %s", within: "%s of %s", shift: "%s (%+d days)",
		nth:  ordinal([5]string{"first", "second", "third", "fourth", "fifth"}, "last", "%d. last %s"),
		date: dated("%d %s"),
	},
	"de": {
		days:     [7]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		months:   [13]string{"", "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		closed:   "geschlossen",
		unknown:  "nicht bekannt",
		always:   "rund um die Uhr geöffnet",
		allDay:   "ganztägig",
		holidays: map[string]string{"PH": "Feiertage", "SH": "Schulferien"},
		events:   map[string]string{"dawn": "Morgendämmerung", "sunrise": "Sonnenaufgang", "sunset": "Sonnenuntergang", "dusk": "Abenddämmerung"},
		easter:   "Ostersonntag", week: "Woche", every: "jede %d.", from: "ab %s", since: "%s oder später",
		before: "%s vor %s", after: "%s nach %s", within: "%s im %s", shift: "%s (%+d Tage)",
		nth:  ordinal([5]string{"erster", "zweiter", "dritter", "vierter", "fünfter"}, "letzter", "%d.-letzter %s"),
		date: dated("%d. %s"),
	},
	"sl": {
		days:     [7]string{"nedelja", "ponedeljek", "torek", "sreda", "četrtek", "petek", "sobota"},
		months:   [13]string{"", "januar", "februar", "marec", "april", "maj", "junij", "julij", "avgust", "september", "oktober", "november", "december"},
		closed:   "zaprto",
		unknown:  "ni znano",
		always:   "odprto neprekinjeno",
		allDay:   "ves dan",
		holidays: map[string]string{"PH": "prazniki", "SH": "šolske počitnice"},
		events:   map[string]string{"dawn": "zora", "sunrise": "sončni vzhod", "sunset": "sončni zahod", "dusk": "mrak"},
		easter:   "velikonočna nedelja", week: "teden", every: "vsak %d.", from: "od %s", since: "%s ali pozneje",
		before: "%s pred: %s", after: "%s po: %s", within: "%s, %s", shift: "%s (%+d dni)",
		nth:  func(n int, day string) string { return fromEnd(n, "%d. %s", "zadnji dan: %s", "%d. od zadaj: %s", day) },
		date: dated("%d. %s"),
	},
	"hr": {
		days:     [7]string{"nedjelja", "ponedjeljak", "utorak", "srijeda", "četvrtak", "petak", "subota"},
		months:   [13]string{"", "siječanj", "veljača", "ožujak", "travanj", "svibanj", "lipanj", "srpanj", "kolovoz", "rujan", "listopad", "studeni", "prosinac"},
		closed:   "zatvoreno",
		unknown:  "nije poznato",
		always:   "otvoreno neprekidno",
		allDay:   "cijeli dan",
		holidays: map[string]string{"PH": "praznici", "SH": "školski praznici"},
		events:   map[string]string{"dawn": "zora", "sunrise": "izlazak sunca", "sunset": "zalazak sunca", "dusk": "sumrak"},
		easter:   "Uskrs", week: "tjedan", every: "svaki %d.", from: "od %s", since: "%s ili kasnije",
		before: "%s prije: %s", after: "%s poslije: %s", within: "%s, %s", shift: "%s (%+d dana)",
		nth:  func(n int, day string) string { return fromEnd(n, "%d. %s", "zadnji dan: %s", "%d. od kraja: %s", day) },
		date: dated("%d. %s"),
	},
	"hu": {
		days:     [7]string{"vasárnap", "hétfő", "kedd", "szerda", "csütörtök", "péntek", "szombat"},
		months:   [13]string{"", "január", "február", "március", "április", "május", "június", "július", "augusztus", "szeptember", "október", "november", "december"},
		closed:   "zárva",
		unknown:  "nem ismert",
		always:   "éjjel-nappal nyitva",
		allDay:   "egész nap",
		holidays: map[string]string{"PH": "ünnepnapok", "SH": "iskolai szünet"},
		events:   map[string]string{"dawn": "hajnal", "sunrise": "napkelte", "sunset": "napnyugta", "dusk": "alkonyat"},
		easter:   "húsvétvasárnap", week: "hét:", every: "minden %d.", from: "kezdete: %s", since: "%s vagy később",
		before: "%[2]s előtt %[1]s", after: "%[2]s után %[1]s", within: "%[2]s, %[1]s", shift: "%s (%+d nap)",
		nth:  ordinal([5]string{"első", "második", "harmadik", "negyedik", "ötödik"}, "utolsó", "hátulról a %d. %s"),
		date: func(day int, month string) string { return fmt.Sprintf("%s %d.", month, day) },
	},
	"fr": {
		days:     [7]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		months:   [13]string{"", "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		closed:   "fermé",
		unknown:  "non connu",
		always:   "ouvert 24 heures sur 24",
		allDay:   "toute la journée",
		holidays: map[string]string{"PH": "jours fériés", "SH": "vacances scolaires"},
		events:   map[string]string{"dawn": "aube", "sunrise": "lever du soleil", "sunset": "coucher du soleil", "dusk": "crépuscule"},
		easter:   "dimanche de Pâques", week: "semaine", every: "une sur %d", from: "à partir de %s", since: "%s ou plus tard",
		before: "%s avant : %s", after: "%s après : %s", within: "%s, %s", shift: "%s (%+d jours)",
		nth:  ordinal([5]string{"premier", "deuxième", "troisième", "quatrième", "cinquième"}, "dernier", "%d. dernier %s"),
		date: dated("%d %s"),
	},
	"it": {
		days:     [7]string{"domenica", "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato"},
		months:   [13]string{"", "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"},
		closed:   "chiuso",
		unknown:  "non noto",
		always:   "aperto 24 ore su 24",
		allDay:   "tutto il giorno",
		holidays: map[string]string{"PH": "giorni festivi", "SH": "vacanze scolastiche"},
		events:   map[string]string{"dawn": "alba", "sunrise": "sorgere del sole", "sunset": "tramonto", "dusk": "crepuscolo"},
		easter:   "domenica di Pasqua", week: "settimana", every: "una ogni %d", from: "da %s", since: "%s o più tardi",
		before: "%s prima: %s", after: "%s dopo: %s", within: "%s, %s", shift: "%s (%+d giorni)",
		nth: func(n int, day string) string {
			return fromEnd(n, "%d° %s", "ultimo giorno: %s", "%d° dalla fine: %s", day)
		},
		date: dated("%d %s"),
	},
}

// fromEnd tells the n-th of something by numerals, which need no gender.
func fromEnd(n int, first, last, others, day string) string {
	switch {
	case n > 0:
		return fmt.Sprintf(first, n, day)
	case n == -1:
		return fmt.Sprintf(last, day)
	}
	return fmt.Sprintf(others, -n, day)
}
