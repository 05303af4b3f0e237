package api_test

import "testing"

// Who lists the rejected messages again and again uses nothing up.
func TestRejectedCanBeListedWithoutEnd(t *testing.T) {
	r := newRig(t)
	for range 1500 {
		r.must(200, "viewer", "GET", "/api/v1/rejected", "")
	}
}
