//go:build !linux

package measure

import "os"

// peak is not known: what the systems count, and in which unit, differs.
func peak(*os.ProcessState) int64 { return 0 }
