package sourcetest

import (
	"math/rand/v2"
	"path"
	"strings"

	"kgen.dev/kgen/internal/tree"
)

// Edited is the folder dir of a repository, with all that is not below it left
// as it is, after a person has edited a few lines of its YAML files.
func Edited(seed uint64, files *tree.Tree, dir string) *tree.Tree {
	g := &repository{r: rand.New(rand.NewPCG(seed, 11)), files: tree.New(), odd: 30}
	var names []string
	for name, data := range files.All() {
		g.files.Set(name, data)
		if path.Ext(name) == ".yaml" && (dir == "." || strings.HasPrefix(name, dir+"/")) {
			names = append(names, name)
		}
	}
	for range 1 + g.r.IntN(3) {
		name := g.one(names)
		data, _ := g.files.File(name)
		g.files.Set(name, g.edit(string(data)))
	}
	return g.files
}

// edit changes one line of a text.
func (g *repository) edit(text string) []byte {
	lines := strings.SplitAfter(text, "\n")
	at := g.r.IntN(len(lines))
	line := strings.TrimSuffix(lines[at], "\n")
	bare := strings.TrimLeft(line, " ")
	pad := line[:len(line)-len(bare)]
	key, _, pair := strings.Cut(line, ": ")
	switch g.r.IntN(14) {
	case 0:
		lines[at] = ""
	case 1:
		lines[at] += lines[at]
	case 2:
		lines[at] = "  " + lines[at]
	case 3:
		lines[at] = strings.TrimPrefix(lines[at], "  ")
	case 4, 5, 6:
		if pair {
			lines[at] = key + ": " + g.scalar() + "\n"
		}
	case 7:
		if pair {
			lines[at] = key + ": " + g.one(oddScalars) + "\n"
		}
	case 8:
		lines[at] = pad + "# why\n" + lines[at]
	case 9:
		lines[at] = line + " # why\n"
	case 10:
		lines[at] = pad + g.key(0) + ": " + g.scalar() + "\n" + lines[at]
	case 11:
		lines[at] = pad + "- " + g.scalar() + "\n" + lines[at]
	case 12:
		var b strings.Builder
		b.WriteString(pad + g.key(0) + ":")
		g.block(&b, len(pad), 2)
		lines[at] += b.String()
	case 13:
		return g.oddText(text)
	}
	return []byte(strings.Join(lines, ""))
}
