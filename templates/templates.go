// Package templates holds the templates of every file that kgen writes, laid
// out as the tree that they make. Files whose names begin with an underscore
// are parts that others include. Everything is decided in internal/gen; a
// template only prints.
package templates

import "embed"

// FS holds every *.tmpl below this folder, under its path.
//
//go:embed *.tmpl all:networking all:monitoring all:environments all:delivery all:.github all:.gitlab .pre-commit-config.yaml.tmpl
var FS embed.FS
