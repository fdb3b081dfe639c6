package opendatahub

// object has the members that are read of all kinds of objects.
type object struct {
	ID         string `json:"Id"`
	Shortname  string
	Active     *bool
	LastChange string
	Type       string
	SubType    string
	PoiType    string
	Meta       meta   `json:"_Meta"`
	AccoTypeID string `json:"AccoTypeId"`

	Detail       map[string]detail
	AccoDetail   map[string]detail
	ContactInfos map[string]contact

	GpsInfo   []position
	GpsPoints map[string]position
	Latitude  float64
	Longitude float64
	Altitude  float64

	ODHTags []struct {
		ID string `json:"Id"`
	}
	SmgTags []string
	TagIDs  []string `json:"TagIds"`

	ImageGallery []image
	LicenseInfo  *licence

	OperationSchedule []schedule
	DateBegin         string
	DateEnd           string

	Difficulty      string
	DistanceLength  float64 // metres
	AltitudeSumUp   float64
	AltitudeSumDown float64
}

type meta struct{ Type, LastUpdate string }

// detail is what is said in one language.
type detail struct {
	Title, Header, BaseText, IntroText string
	// Of accommodations.
	Name, Longdesc, Shortdesc          string
	Street, Zip, City, CountryCode     string
	Phone, Email, Website, MobilePhone string
}

type contact struct {
	CompanyName, Address, ZipCode, City, CountryCode string
	Phonenumber, Email, URL                          string
}

type position struct {
	Gpstype   string
	Latitude  float64
	Longitude float64
	Altitude  float64
}

type image struct {
	ImageURL      string
	License       string
	CopyRight     string
	LicenseHolder string
}

type licence struct {
	License       string
	LicenseHolder string
	Author        string
	ClosedData    bool
}

type schedule struct {
	Start, Stop           string
	OperationScheduleTime []hours
}

type hours struct {
	Start, End                                              string
	Monday, Tuesday, Wednesday, Thuresday, Thursday, Friday bool
	Saturday, Sunday                                        bool
	State                                                   int // 1: closed, 2: open
}
