package gen

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// No range that is opened holds a metadata service, whatever the family.
func TestOpenRangesLeaveMetadataOut(t *testing.T) {
	for _, c := range []struct {
		cidr         string
		except, want []string
	}{
		{"0.0.0.0/0", nil, []string{"169.254.169.254/32"}},
		{"169.254.0.0/16", nil, []string{"169.254.169.254/32"}},
		{"169.254.169.254/32", nil, nil},
		{"10.0.0.0/8", []string{"10.1.0.0/16"}, []string{"10.1.0.0/16"}},
		{"0.0.0.0/0", []string{"169.254.0.0/16"}, []string{"169.254.0.0/16"}},
		{"::/0", nil, []string{"fd00:ec2::254/128"}},
		{"::/0", []string{"fc00::/7"}, []string{"fc00::/7"}},
		{"2001:db8::/32", nil, nil},
	} {
		if diff := cmp.Diff(c.want, openRange(c.cidr, c.except).Except); diff != "" {
			t.Errorf("%s except %v (-want +got):\n%s", c.cidr, c.except, diff)
		}
	}
}
