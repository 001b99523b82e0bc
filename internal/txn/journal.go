package txn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

type digest [sha256.Size]byte

func newDigest(data []byte) digest { return sha256.Sum256(data) }

// An entry is one file's change as the journal holds it: the whole new
// contents, and enough of the old to know the file again.
type entry struct {
	path   string
	temp   string // where the new contents are written before they are renamed to path
	delete bool
	data   []byte // new contents, unless delete
	had    bool   // whether there was a file
	was    digest // its contents' hash, if had
}

// The journal is a text: a first line, then for each entry one of
//
//	write "path" was HASH-or-none size N
//	delete "path" was HASH
//
// with the N bytes and a newline after a write, then "end" and the hash of
// all that stands before. A journal without its right end is no journal.
const (
	journalHead = "kgen journal 1\n"
	journalEnd  = "end "
	noHash      = "none"
)

// formatJournal returns the journal in pieces, in their order. The contents in it
// are the entries' own bytes: a journal of everything costs no second copy of it.
func formatJournal(entries []entry) [][]byte {
	out := make([][]byte, 0, 2*len(entries)+2)
	sum := sha256.New()
	say := func(piece []byte) {
		sum.Write(piece)
		out = append(out, piece)
	}
	line := []byte(journalHead) // up to the next contents
	for _, e := range entries {
		was := noHash
		if e.had {
			was = hex.EncodeToString(e.was[:])
		}
		if e.delete {
			line = fmt.Appendf(line, "delete %q was %s\n", e.path, was)
			continue
		}
		say(fmt.Appendf(line, "write %q was %s size %d\n", e.path, was, len(e.data)))
		say(e.data)
		line = []byte("\n")
	}
	say(line)
	return append(out, []byte(journalSum(digest(sum.Sum(nil)))))
}

// journalSum is the last line of a journal of which all the rest has this hash.
func journalSum(sum digest) string { return journalEnd + hex.EncodeToString(sum[:]) + "\n" }

// length is that of all pieces, in bytes.
func length(pieces [][]byte) (n int) {
	for _, p := range pieces {
		n += len(p)
	}
	return n
}

// parseJournal returns the entries; their contents share the journal's bytes.
func parseJournal(journal []byte) ([]entry, error) {
	tail := len(journal) - (len(journalEnd) + 2*sha256.Size + 1)
	if tail < len(journalHead) || !bytes.HasPrefix(journal, []byte(journalHead)) {
		return nil, errors.New("it does not begin and end as a journal does")
	}
	if string(journal[tail:]) != journalSum(newDigest(journal[:tail])) {
		return nil, errors.New("its checksum is wrong")
	}
	var entries []entry
	seen := map[string]bool{}
	rest := journal[len(journalHead):tail]
	for len(rest) > 0 {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return nil, errors.New("a line has no end")
		}
		e, size, err := parseEntry(string(line))
		if err != nil {
			return nil, err
		}
		if seen[e.path] {
			return nil, fmt.Errorf("it has %s twice", e.path)
		}
		seen[e.path] = true
		e.temp = tempPath(e.path, len(entries))
		rest = after
		if !e.delete {
			if size >= len(rest) || rest[size] != '\n' {
				return nil, fmt.Errorf("the contents of %s are not %d bytes", e.path, size)
			}
			e.data, rest = rest[:size:size], rest[size+1:]
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func parseEntry(line string) (e entry, size int, err error) {
	verb, rest, _ := strings.Cut(line, " ")
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return e, 0, fmt.Errorf("%q has no quoted path", line)
	}
	if e.path, err = strconv.Unquote(quoted); err != nil {
		return e, 0, fmt.Errorf("%q has no quoted path", line)
	}
	if err := checkPath(e.path); err != nil {
		return e, 0, err
	}
	words := strings.Fields(rest[len(quoted):])
	switch {
	case verb == "delete" && len(words) == 2:
		e.delete = true
	case verb == "write" && len(words) == 4 && words[2] == "size":
		if size, err = strconv.Atoi(words[3]); err != nil || size < 0 {
			return e, 0, fmt.Errorf("%q has no size", line)
		}
	default:
		return e, 0, fmt.Errorf("%q is no entry", line)
	}
	if words[0] != "was" {
		return e, 0, fmt.Errorf("%q is no entry", line)
	}
	if words[1] == noHash {
		return e, size, nil
	}
	hash, err := hex.DecodeString(words[1])
	if err != nil || len(hash) != len(e.was) {
		return e, 0, fmt.Errorf("%q has no hash", line)
	}
	e.had, e.was = true, digest(hash)
	return e, size, nil
}
