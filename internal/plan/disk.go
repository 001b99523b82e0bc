package plan

import (
	"fmt"
	"os"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/internal/txn"
)

// ReadDisk reads those of the files that exist below root. A link, a device,
// or a folder where a file should be is not followed but found: an error of
// the list. The last result is for what could not be read at all.
func ReadDisk(root *os.Root, paths []string) (*tree.Tree, diag.List, error) {
	found, obstacles, err := txn.Read(root, paths)
	if err != nil {
		return nil, nil, err
	}
	out := tree.New()
	for path, data := range found {
		if err := out.Add(path, data); err != nil {
			return nil, nil, err
		}
	}
	var list diag.List
	for _, o := range obstacles {
		list = append(list, diag.Diagnostic{
			File: o.Path, Severity: diag.Error, Code: "in-the-way",
			Message: fmt.Sprintf("this is %s, but %s has to be there", o.Found, o.Want),
			Fix:     "move it out of the way",
		})
	}
	return out, list, nil
}
