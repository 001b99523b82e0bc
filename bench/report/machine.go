package report

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine is a sentence about where and when figures were measured, and with
// which programs.
func Machine(programs ...fmt.Stringer) string {
	info, _ := os.ReadFile("/proc/cpuinfo") // Linux has it
	about := []string{
		runtime.GOOS + "/" + runtime.GOARCH,
		fmt.Sprintf("%d processors (%s)", runtime.NumCPU(), cmp.Or(processor(string(info)), "of an unknown make")),
		runtime.Version(),
	}
	for _, p := range programs {
		about = append(about, p.String())
	}
	return strings.Join(append(about, time.Now().UTC().Format(time.DateOnly)), ", ") + "."
}

// processor is the name in Linux' /proc/cpuinfo, "" where there is none.
func processor(info string) string {
	for line := range strings.Lines(info) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
