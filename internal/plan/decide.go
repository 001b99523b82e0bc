package plan

import (
	"bytes"
	"path"

	"kgen.dev/kgen/internal/merge"
	"kgen.dev/kgen/internal/tree"
)

func fileIn(t *tree.Tree, path string) (f File) {
	f.Data, f.Exists = t.File(path)
	return f
}

// decide is the whole three-way decision about a file that the model makes or
// made. The second result is what the base holds afterwards: what kgen wrote or
// would have written, so that later runs see a person's edit as one.
func (in Input) decide(name string, missing bool) (c Change, base File) {
	base = fileIn(in.Base.Tree, name)
	disk, wanted := fileIn(in.Disk, name), fileIn(in.Wanted, name)
	if now, moved := in.gone[name]; moved && !wanted.Exists && disk.Exists {
		return Change{Path: name, Action: Delete, Reason: "it is " + now + " now", Before: disk}, File{}
	}
	if in.moves(name) {
		return in.move(name, missing)
	}
	c = Change{Path: name, Before: disk, After: wanted, Wrote: base}
	is := func(a Action, reason string) { c.Action, c.Reason = a, reason }
	switch {
	case missing && !disk.Exists:
		is(Missing, "deleted by hand")
		return c, base
	case !wanted.Exists && !disk.Exists:
		is(Unchanged, "already gone; kgen no longer makes it")
	case !wanted.Exists && disk.is(base):
		is(Delete, "kgen no longer makes it")
	case !wanted.Exists:
		is(Orphaned, "kgen no longer makes it, but it was edited by hand")
		c.After = disk
		return c, base
	case !disk.Exists && !base.Exists:
		is(Create, "new")
	case !disk.Exists:
		is(Create, "missing")
	case disk.is(wanted):
		is(Unchanged, "up to date")
	case !base.Exists && in.Resolution == Ours:
		// From now on it counts as kgen's with a person's edits.
		is(Keep, "yours, in the place of one that kgen would write")
		c.After = disk
	case !base.Exists:
		is(Conflict, "there is a file that kgen did not write")
		c.Foreign = true
		return c, File{}
	case base.Exists && disk.is(base):
		is(Update, "the model or the templates changed")
	case base.is(wanted) && !marked(name, disk.Data):
		is(Keep, "edited by hand")
		c.After = disk
	default:
		in.merge(&c, base)
		if c.Action == Conflict {
			return c, base
		}
	}
	return c, wanted
}

// marked reports whether git or kgen has left conflict markers in a text, or
// somebody a part of them. In YAML a line of equals signs is one; in Markdown it
// underlines a heading.
func marked(name string, text []byte) bool {
	_, _, _, found, err := merge.Sides(text)
	return found || err != nil || path.Ext(name) == ".yaml" && bytes.Contains(text, []byte("\n=======\n"))
}

// merge decides about a file that both a person and kgen have changed. On entry
// After is what the model makes; on return it is what is to be written.
func (in Input) merge(c *Change, base File) {
	disk, wanted := c.Before.Data, c.After.Data
	if marked(c.Path, disk) {
		text, ok := in.settled(c.Path, disk, wanted)
		if ok {
			c.After = File{text, true}
			c.Action, c.Reason = Merge, "its merge conflict is settled"
			return
		}
		if disk, ok = in.side(disk); !ok {
			c.Action, c.Reason = Conflict, "it holds conflict markers, and between them lines that kgen did not write"
			c.Clashes = []Clash{{Line: firstMarker(c.Before.Data)}}
			return
		}
	}
	if text, ok := upTo(c.Path, base.Data, disk, wanted); ok {
		c.After = File{text, true}
		c.Action, c.Reason = Merge, "edited by hand, and kgen has something new"
		if c.After.is(c.Before) {
			c.Action, c.Reason = Keep, "edited by hand"
		}
		return
	}
	if text, ok := in.settled(c.Path, disk, wanted); ok {
		c.After = File{text, true}
		c.Action, c.Reason = Merge, "both sides of git's merge are brought together"
		return
	}
	result := merge.Merge(base.Data, disk, wanted)
	if text, clean := result.Text(merge.Refuse); clean {
		// The lines fit and their meaning does not: the whole file is in question.
		result = merge.Merge(nil, disk, wanted)
		c.Reason = agree(c.Path, base.Data, disk, wanted, text).Error()
		if in.Resolution == Ours && in.moving {
			c.Action = Conflict // it would be another service's file
			return
		}
	} else {
		c.Reason = "edited by hand in lines that kgen would change"
	}
	for _, chunk := range result.Conflicts() {
		c.Clashes = append(c.Clashes, Clash{
			Line: chunk.Ours.Start + 1, Count: chunk.Ours.Len(),
			Wanted: chunk.Theirs.Start + 1, WantedCount: chunk.Theirs.Len(),
		})
	}
	in.resolve(c, result)
}

// resolutions are how merge calls what Input.Resolution asks for, and what is
// said of it.
var resolutions = map[Resolution]struct {
	how  merge.Resolution
	what string
}{
	Ours:    {merge.UseOurs, "your lines stayed where kgen would have changed them"},
	Theirs:  {merge.UseTheirs, "kgen's lines took the place of yours where both had changed them"},
	Markers: {merge.Markers, "both stand between conflict markers where both had changed them"},
}

func (in Input) resolve(c *Change, result merge.Result) {
	r, ok := resolutions[in.Resolution]
	if !ok {
		c.Action = Conflict
		return
	}
	text, _ := result.Text(r.how)
	c.After = File{text, true}
	c.Action, c.Reason = Merge, r.what
	if c.After.is(c.Before) {
		c.Action = Keep
	}
}

// side is the side of a marked text that the resolution takes.
func (in Input) side(text []byte) ([]byte, bool) {
	ours, _, theirs, found, err := merge.Sides(text)
	switch {
	case err != nil || !found:
		return nil, false
	case in.Resolution == Ours:
		return ours, true
	case in.Resolution == Theirs:
		return theirs, true
	}
	return nil, false
}

// firstMarker is the line of the first conflict marker.
func firstMarker(text []byte) int {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if bytes.HasPrefix(line, []byte("<<<<<<<")) || bytes.HasPrefix(line, []byte(">>>>>>>")) {
			return n
		}
	}
	return 1
}
