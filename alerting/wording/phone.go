package wording

import "regexp"

var northAmerican = regexp.MustCompile(`^\+1([2-9]\d{2})([2-9]\d{2})(\d{4})$`)

// phone writes a number as it is read out: +16175550100 as 617-555-0100. A number from outside of the
// North American plan stays in E.164.
func phone(number string) string {
	return northAmerican.ReplaceAllString(line(number), "$1-$2-$3")
}
