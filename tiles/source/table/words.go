package table

import "strings"

// words are headers, folded, and what they mean. Where one word has two meanings,
// the sample decides (Guess), or the more common one stands here: Slovenian
// "naslov" and Hungarian "cím" are addresses rather than titles.
var words = func() map[string]Field {
	all := map[string]Field{}
	for field, text := range map[Field]string{
		ID: `id uid uuid guid identifier sourceid externalid sifra kennung kod azonosito identifiant identificativo
			identifikator`,
		Name: `name names title label naziv ime imeobjekta nazivobjekta bezeichnung titel nev megnevezes elnevezes nom
			titre intitule denomination nome titolo denominazione objekt namen`,
		Description: `description desc opis opisobjekta beschreibung kurzbeschreibung leiras ismerteto descriptif
			descrizione text comment comments notes remarks opomba opombe napomena anmerkung bemerkung megjegyzes`,
		Category: `category kategorija kategorie categorie categoria kategoria type typ tip vrsta vrstaobjekta art tipo
			tipologia tipus jelleg genre`,
		Latitude: `latitude lat y breite breitengrad geobreite geographischebreite gpsbreite zemljepisnasirina sirina
			geosirina geografskasirina zsirina szelesseg szelessegifok foldrajziszelesseg latitudine latitudegps gpslat
			gpslatitude wgs84lat latwgs84 latdd ycoord ykoordinata`,
		Longitude: `longitude lon lng long x lange laenge langengrad laengengrad geolange geolaenge geographischelange
			geographischelaenge gpslange gpslaenge zemljepisnadolzina dolzina geodolzina geografskaduzina duzina zduzina
			hosszusag hosszusagifok foldrajzihosszusag longitudine longitudegps gpslon gpslong gpslongitude wgs84lon
			lonwgs84 londd xcoord xkoordinata`,
		Position: `position coordinates coordinate coords koordinate koordinaten koordinata koordinatak gpskoordinate
			gpskoordinaten gps gpscoordinates latlon latlng latlong coordonnees coordonneesgps coordonneesgeographiques
			coordinategps coordinategeografiche location lokacija geopoint geo lega geopoint2d`,
		WKT: `wkt geom geometry thegeom shape geometrija geometrie geometria`,
		Street: `street address adresse anschrift strasse adresa naslov ulica ulicainhisnastevilka indirizzo via cim utca
			rue streetaddress addrstreet strassehausnummer`,
		Number: `housenumber hisnastevilka hisnast hausnummer hausnr hsnr kucnibroj hazszam numerocivico numero
			numeroderue addrhousenumber`,
		Postcode: `postcode zip zipcode postalcode plz postleitzahl postnastevilka posta postanskibroj iranyitoszam irsz
			codepostal cp cap codicepostale addrpostcode`,
		Place: `city town place village municipality ort ortschaft stadt gemeinde kraj mesto naselje obcina grad mjesto
			opcina telepules varos kozseg ville commune localite citta comune localita addrcity`,
		Country: `country countrycode land drzava zemlja orszag pays paese stato nazione addrcountry`,
		Phone: `phone telephone tel telefon telefonska telefonskastevilka telefonnummer gsm mobile mobil handy mobitel
			telefonszam telefono telefonobroj brojtelefona`,
		Email: `email mail emailaddress eposta epostninaslov emailcim epostacim courriel adressemail posteelettronica
			emailadresse elektronickaposta`,
		Website: `website web url homepage www internet webpage spletnastran splet webseite webadresse honlap weboldal
			webcim siteweb siteinternet site sito sitoweb webstranica link`,
		Hours: `openinghours hours offnungszeiten oeffnungszeiten delovnicas odpiralnicas urnik radnovrijeme nyitvatartas
			nyitvatartasiido horaires horairesdouverture heuresdouverture ouverture orari orario orariodiapertura
			orariapertura`,
	} {
		for _, word := range strings.Fields(text) {
			all[word] = field
		}
	}
	return all
}()

// heights are headers of heights above the sea.
var heights = map[string]bool{
	"ele": true, "elevation": true, "altitude": true, "hohe": true, "hoehe": true, "seehohe": true, "nadmorskavisina": true,
	"visina": true, "magassag": true, "altitudine": true, "quota": true, "heightm": true,
}
