package promql

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// units of durations, longest first: each may occur once, in this order
// (Prometheus, "Time durations").
var units = []struct {
	name string
	span time.Duration
}{
	{"y", 365 * 24 * time.Hour}, {"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour},
	{"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond},
}

// durationPrefix is the duration that a text starts with, and its length; 0 for none.
func durationPrefix(s string) (d time.Duration, size int) {
	next := 0
	for {
		i := size
		for i < len(s) && digit(s[i]) {
			i++
		}
		if i == size || i == len(s) {
			return d, size
		}
		n, err := strconv.ParseInt(s[size:i], 10, 64)
		if err != nil {
			return 0, 0
		}
		at := -1
		for j := next; j < len(units); j++ {
			u := units[j].name
			if strings.HasPrefix(s[i:], u) && (u != "m" || !strings.HasPrefix(s[i:], "ms")) {
				at = j
			}
		}
		if at < 0 {
			return d, size
		}
		if n > int64((math.MaxInt64-d)/units[at].span) {
			return 0, 0
		}
		d += time.Duration(n) * units[at].span
		size, next = i+len(units[at].name), at+1
	}
}

// ParseDuration reads a duration as Prometheus and its operator write them: 5m,
// 1h30m, 90s, 500ms, 0.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	d, size := durationPrefix(s)
	if size == 0 || size != len(s) {
		return 0, fmt.Errorf("%q is no duration, such as 5m or 1h30m", s)
	}
	return d, nil
}

// Duration writes one as ParseDuration reads it: 1h30m, 10d.
func Duration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	if d < 0 {
		b.WriteByte('-')
		d = -d
	}
	for _, u := range units[2:] {
		if n := d / u.span; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.span
		}
	}
	return b.String()
}
