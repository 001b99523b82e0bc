package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is what a bug report needs to know of a binary.
type version struct {
	Version   string `json:"version"`            // of kgen's module; (devel) from a working copy
	Revision  string `json:"revision,omitempty"` // of the working copy
	Modified  bool   `json:"modified,omitempty"` // the working copy was ahead of its revision
	Kustomize string `json:"kustomize"`          // of the module that builds
	Go        string `json:"go"`
	Platform  string `json:"platform"`
}

func newVersion(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Version prints which kgen this is, which kustomize it builds with, and the Go
and the platform that it was made for.`,
		Example: "  kgen version\n  kgen version -o json",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			info, _ := debug.ReadBuildInfo()
			return runVersion(sh, versionOf(info))
		},
	}
	addOutput(cmd, sh)
	return cmd
}

func runVersion(sh *shell, v version) error {
	if sh.format.word == "json" {
		return writeJSON(sh.Out, v)
	}
	_, err := fmt.Fprintf(sh.Out, "kgen %s (kustomize api %s, %s, %s)\n", v.Version, v.Kustomize, v.Go, v.Platform)
	return err
}

// kgenVersion is the version of this binary, as a tool that reads a report
// wants it; "" where there is none.
func kgenVersion() string {
	info, _ := debug.ReadBuildInfo()
	if v := versionOf(info).Version; strings.HasPrefix(v, "v") {
		return strings.TrimPrefix(v, "v")
	}
	return ""
}

// versionOf reads what the linker recorded; info is nil in a binary built
// without modules.
func versionOf(info *debug.BuildInfo) version {
	v := version{Version: "unknown", Kustomize: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info == nil {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == "sigs.k8s.io/kustomize/api" {
			v.Kustomize = dep.Version
		}
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
