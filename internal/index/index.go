// Package index remembers what a run knew of a repository when it ended, so that
// the next one looks only at what has changed since: for every file that kgen
// wrote where it is in the archive, and what the file system told of it while it
// was as the model wants it.
//
// An Index is worth nothing elsewhere and is in no version control. One that is
// lost, torn, another kgen's, or of another model or archive is as if there were
// none; what the file system tells of a file today is compared with what it
// told, and on any doubt the file is read.
package index

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"os"

	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/txn"
)

const (
	folder = txn.Folder + "/cache"
	// Path is where the index is kept.
	Path = folder + "/index"
	// ignorePath keeps the folder out of git, itself included.
	ignorePath = folder + "/.gitignore"
)

// Sum identifies a text.
type Sum [sha256.Size]byte

// SumOf is a text's Sum.
func SumOf(text []byte) Sum { return sha256.Sum256(text) }

// Index is what a run knew.
type Index struct {
	Maker string // which kgen
	Model Sum    // of kgen.yaml
	Base  Basis  // the archive
	Files []File // those of the archive, sorted by path
}

// A Basis is how the archive is known again: by what the file system told of it, or
// where that might not be seen to end, by its Sum.
type Basis struct {
	Stamp txn.Stamp
	Sum   Sum
}

// Of reports whether the archive of the repository at root, which holds this
// text, is the index's.
func (b Basis) Of(root *os.Root, archive []byte) bool {
	if b.Stamp != (txn.Stamp{}) {
		return txn.Stamps(root, []string{plan.BasePath})[0] == b.Stamp
	}
	return SumOf(archive) == b.Sum
}

// File is one file of the archive.
type File struct {
	plan.Part
	// Unwanted is that the archive holds what the model did not want when that run
	// ended: what a person has deleted, or what is not made any more and was edited.
	// Brought back as it was, such a file is not as it should be.
	Unwanted bool
	// Stamp is the file's while it held what the archive holds of it and the model
	// wants; the zero Stamp if that was not so, or might not be seen to end.
	Stamp txn.Stamp
}

const head = "kgen index 1\n"

var errDamaged = errors.New("no index that kgen wrote")

// Read reads the index of the repository at root; nil if there is none to rely on.
func Read(root *os.Root) *Index {
	found, _, err := txn.Read(root, []string{Path})
	if err != nil || found[Path] == nil {
		return nil
	}
	x, err := parse(found[Path])
	if err != nil {
		return nil
	}
	return x
}

// Write keeps the index of an archive that is in its place. The stamps of fresh,
// which are paths of files in it, are taken here: those files hold what the archive
// holds of them. A repository that cannot be written in has no index.
func (x *Index) Write(root *os.Root, archive []byte, fresh map[string]bool) error {
	if txn.Stamps(root, []string{ignorePath})[0] == (txn.Stamp{}) {
		if err := txn.Note(root, ignorePath, func(int64) []byte { return []byte("# Nothing here is worth keeping.\n*\n") }); err != nil {
			return err
		}
	}
	return txn.Note(root, Path, func(now int64) []byte {
		paths, at := []string{plan.BasePath}, []int{-1}
		for i, f := range x.Files {
			if fresh[f.Path] {
				paths, at = append(paths, f.Path), append(at, i)
			}
		}
		stamps := txn.Stamps(root, paths)
		for i, stamp := range stamps {
			if stamp.Changed >= now || stamp.Modified >= now {
				stamps[i] = txn.Stamp{} // whoever writes within this tick would not be seen
			}
		}
		for i, place := range at[1:] {
			x.Files[place].Stamp = stamps[i+1]
		}
		if x.Base = (Basis{Stamp: stamps[0]}); x.Base.Stamp == (txn.Stamp{}) {
			x.Base.Sum = SumOf(archive)
		}
		return x.format()
	})
}

// Changed are the files whose stamp is not what it was, by their place in Files;
// those that never had one among them.
func (x *Index) Changed(root *os.Root) []int {
	paths := make([]string, len(x.Files))
	for i, f := range x.Files {
		paths[i] = f.Path
	}
	var out []int
	for i, now := range txn.Stamps(root, paths) {
		if was := x.Files[i].Stamp; was == (txn.Stamp{}) || was != now {
			out = append(out, i)
		}
	}
	return out
}

// The index is the head, the maker, the sums, the number of files, each file, and
// the sum of all that. Numbers are varints; texts have their length before them.
// An archive's files follow each other, so that each is told by its length and by
// what lies between it and the one before.

func (x *Index) format() []byte {
	out := make([]byte, 0, 1<<10+64*len(x.Files))
	out = append(out, head...)
	text := func(s string) {
		out = binary.AppendUvarint(out, uint64(len(s)))
		out = append(out, s...)
	}
	text(x.Maker)
	out = append(out, x.Model[:]...)
	stamp := func(s txn.Stamp) {
		for _, n := range []int64{s.Size, s.Modified, s.Changed} {
			out = binary.AppendVarint(out, n)
		}
		out = binary.AppendUvarint(out, s.Inode)
	}
	stamp(x.Base.Stamp)
	out = append(out, x.Base.Sum[:]...)
	out = binary.AppendUvarint(out, uint64(len(x.Files)))
	end := 0
	for _, f := range x.Files {
		text(f.Path)
		out = binary.AppendUvarint(out, uint64(f.From-end))
		out = binary.AppendUvarint(out, uint64(f.To-f.From))
		end = f.To
		unwanted := byte(0)
		if f.Unwanted {
			unwanted = 1
		}
		out = append(out, unwanted)
		stamp(f.Stamp)
	}
	sum := SumOf(out)
	return append(out, sum[:]...)
}

func parse(data []byte) (*Index, error) {
	tail := len(data) - len(Sum{})
	if tail < len(head) || string(data[:len(head)]) != head || SumOf(data[:tail]) != Sum(data[tail:]) {
		return nil, errDamaged
	}
	r := reader{rest: data[len(head):tail]}
	x := &Index{Maker: r.text()}
	copy(x.Model[:], r.take(len(x.Model)))
	x.Base.Stamp = r.stamp()
	copy(x.Base.Sum[:], r.take(len(x.Base.Sum)))
	count := r.size()
	x.Files = make([]File, 0, min(count, len(r.rest)))
	end := 0
	for range count {
		var f File
		f.Path = r.text()
		f.From = end + r.size()
		f.To = f.From + r.size()
		f.Unwanted = r.flag()
		f.Stamp = r.stamp()
		if r.torn || f.To < end || len(x.Files) > 0 && x.Files[len(x.Files)-1].Path >= f.Path {
			return nil, errDamaged
		}
		end = f.To
		x.Files = append(x.Files, f)
	}
	if r.torn || len(r.rest) > 0 {
		return nil, errDamaged
	}
	return x, nil
}

// reader takes values from the front of a text; torn is that one was not there.
type reader struct {
	rest []byte
	torn bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.torn, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) text() string { return string(r.take(r.size())) }

func (r *reader) count() uint64 { return varint(r, binary.Uvarint) }

func (r *reader) number() int64 { return varint(r, binary.Varint) }

func varint[N int64 | uint64](r *reader, read func([]byte) (N, int)) N {
	n, used := read(r.rest)
	if used <= 0 {
		r.torn, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[used:]
	return n
}

func (r *reader) flag() bool {
	b := r.take(1)
	r.torn = r.torn || len(b) == 1 && b[0] > 1
	return len(b) == 1 && b[0] == 1
}

func (r *reader) stamp() txn.Stamp {
	return txn.Stamp{Size: r.number(), Modified: r.number(), Changed: r.number(), Inode: r.count()}
}

// size is a number of bytes or of files.
func (r *reader) size() int {
	n := r.count()
	if n > math.MaxInt32 {
		r.torn, r.rest = true, nil
		return 0
	}
	return int(n)
}
