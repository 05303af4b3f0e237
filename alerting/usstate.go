package alerting

// A USState is one of the areas of the highest order below the nation: USPS code in lower case,
// name, and the two-digit FIPS code that SAME and Census codes begin with.
type USState struct {
	Code string
	Name string
	FIPS string
}

// Nation is the code that stands where a state's would, for the whole country.
const Nation = "us"

// USStates lists the fifty states, the District of Columbia and the inhabited territories, by code.
var USStates = []USState{
	{"ak", "Alaska", "02"}, {"al", "Alabama", "01"}, {"ar", "Arkansas", "05"}, {"as", "American Samoa", "60"},
	{"az", "Arizona", "04"}, {"ca", "California", "06"}, {"co", "Colorado", "08"}, {"ct", "Connecticut", "09"},
	{"dc", "District of Columbia", "11"}, {"de", "Delaware", "10"}, {"fl", "Florida", "12"}, {"ga", "Georgia", "13"},
	{"gu", "Guam", "66"}, {"hi", "Hawaii", "15"}, {"ia", "Iowa", "19"}, {"id", "Idaho", "16"},
	{"il", "Illinois", "17"}, {"in", "Indiana", "18"}, {"ks", "Kansas", "20"}, {"ky", "Kentucky", "21"},
	{"la", "Louisiana", "22"}, {"ma", "Massachusetts", "25"}, {"md", "Maryland", "24"}, {"me", "Maine", "23"},
	{"mi", "Michigan", "26"}, {"mn", "Minnesota", "27"}, {"mo", "Missouri", "29"}, {"mp", "Northern Mariana Islands", "69"},
	{"ms", "Mississippi", "28"}, {"mt", "Montana", "30"}, {"nc", "North Carolina", "37"}, {"nd", "North Dakota", "38"},
	{"ne", "Nebraska", "31"}, {"nh", "New Hampshire", "33"}, {"nj", "New Jersey", "34"}, {"nm", "New Mexico", "35"},
	{"nv", "Nevada", "32"}, {"ny", "New York", "36"}, {"oh", "Ohio", "39"}, {"ok", "Oklahoma", "40"},
	{"or", "Oregon", "41"}, {"pa", "Pennsylvania", "42"}, {"pr", "Puerto Rico", "72"}, {"ri", "Rhode Island", "44"},
	{"sc", "South Carolina", "45"}, {"sd", "South Dakota", "46"}, {"tn", "Tennessee", "47"}, {"tx", "Texas", "48"},
	{"ut", "Utah", "49"}, {"va", "Virginia", "51"}, {"vi", "U.S. Virgin Islands", "78"}, {"vt", "Vermont", "50"},
	{"wa", "Washington", "53"}, {"wi", "Wisconsin", "55"}, {"wv", "West Virginia", "54"}, {"wy", "Wyoming", "56"},
}

var statesByCode = func() map[string]USState {
	m := make(map[string]USState, len(USStates))
	for _, s := range USStates {
		m[s.Code] = s
	}
	return m
}()

// StateByCode returns the state with the given lower-case USPS code.
func StateByCode(code string) (USState, bool) {
	s, ok := statesByCode[code]
	return s, ok
}
