package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// changed makes a change of the repository of one of the model.
func changed(c *spec.Change, err error) (change, error) {
	if err != nil {
		return change{}, err
	}
	return change{Network: c.Network, Notes: c.Notes}, nil
}

// removed is a change by which something is lost.
func removed(what string, c *spec.Change, err error) (change, error) {
	out, err := changed(c, err)
	out.Removes = what
	return out, err
}

// verb is the RunE of a command that changes the model and asks nothing but for
// agreement.
func (sh *shell) verb(flags *changeFlags, apply func(f *specfile.File, args []string) (change, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return sh.change(cmd.Context(), *flags, func(f *specfile.File) (change, error) { return apply(f, args) })
	}
}
