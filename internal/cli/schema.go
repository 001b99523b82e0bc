package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/specfile"
)

func newSchema(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of kgen.yaml",
		Long: `Schema prints the JSON Schema (draft 2020-12) of kgen.yaml: every key with what
it means, what it may hold and what it defaults to. The same schema stands in
.kgen/schema.json of every repository, where editors find it through the comment
on the first line of kgen.yaml.`,
		Example: "  kgen schema > kgen.schema.json",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			_, err := sh.Out.Write(specfile.Schema())
			return err
		},
	}
}
