package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
)

type reachFlags struct {
	judging
	from, to, port string
	layer          *choice
	format         *choice
	platform       bool
}

// The layers, as --layer names them.
const (
	layerNetwork = "network"
	layerMesh    = "mesh"
	layerAll     = "all"
)

var layers = map[string]reach.Layer{layerNetwork: reach.Network, layerMesh: reach.MeshPolicy, layerAll: reach.All}

func newReach(sh *shell) *cobra.Command {
	flags := reachFlags{layer: newLayer(), format: newChoice("text", "text", "json", "csv", "markdown")}
	cmd := &cobra.Command{
		Use:   "reach [PATH...]",
		Short: "List who may talk to whom, as the manifests say",
		Long: `Reach computes from the manifests which connections are allowed: between
workloads, from the front door and the platform, and from and to addresses outside
the cluster. Looked at are NetworkPolicies on both sides of a connection, and the
mesh's AuthorizationPolicies and PeerAuthentications; --layer chooses.

PATH is what kgen audit takes: a folder with a kustomization, other folders, files,
or - for the standard input; without one, the repository that holds kgen.yaml, or
else this folder. The workloads are those that are given; for services of kgen.yaml
without one, kgen.yaml says what their pods are like.

Ports are those of containers, because policies never see a Service's. "some of"
is before ports on which some requests pass and some do not, as methods, paths or
tokens decide. "via" names the waypoint that a connection passes through.`,
		Example: `  kgen reach
  kgen reach --from web
  kgen reach --to db --port 5432 -o json
  kustomize build overlays/production | kgen reach -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReach(cmd.Context(), sh, cmd, flags, args)
		},
	}
	addJudging(cmd, sh, &flags.judging)
	fs := cmd.Flags()
	fs.StringVar(&flags.from, "from", "", "only what `WHO` may open: a workload (name or namespace/name), a namespace (namespace/*), front-door, prometheus, internet or an address")
	fs.StringVar(&flags.to, "to", "", "only what may be opened at `WHOM`, likewise")
	fs.StringVar(&flags.port, "port", "", "only what passes on `PORT`: a container's port by number (8080, 53/UDP), or the name that it or a Service has for it")
	choose(cmd, flags.layer, "layer", "", "whose rules count: NetworkPolicies, the mesh's policies, or both")
	fs.BoolVar(&flags.platform, "platform", false, "list DNS, istiod and Prometheus too")
	fs.VarP(&formAndFormat{flags.format, sh}, "output", "o", "how to print it")
	complete(cmd, "output", flags.format.words...)
	return cmd
}

func newLayer() *choice { return newChoice(layerAll, layerNetwork, layerMesh, layerAll) }

func runReach(ctx context.Context, sh *shell, cmd *cobra.Command, flags reachFlags, args []string) error {
	j, err := sh.judge(ctx, cmd, flags.judging, args)
	if err != nil {
		return err
	}
	sh.warn(asWarnings(j.inventory.Refused))
	ends, err := j.ends(flags.from, flags.to)
	if err != nil {
		return err
	}
	port, err := j.portFilter(flags.port)
	if err != nil {
		return err
	}
	var listed *listing
	if err := sh.during("computing connections", func() error {
		listed = j.list(j.connections(layers[flags.layer.word], ends.outside()...), ends, port, flags.platform)
		if flags.format.word == "text" || flags.format.word == "markdown" {
			listed.fold()
		}
		return nil
	}); err != nil {
		return err
	}
	for _, note := range listed.connections.Notes() {
		sh.say("%s", note)
	}
	return sh.printReach(ctx, listed, flags.format.word)
}

// asWarnings are findings that do not stop the run.
func asWarnings(list diag.List) diag.List {
	out := slices.Clone(list)
	for i := range out {
		out[i].Severity = diag.Warning
	}
	return out
}

// connections are those among everything that is known: the application, the
// platform, and the parties that the model names.
func (j *judged) connections(layer reach.Layer, outside ...reach.Outside) *reach.Connections {
	j.setRoot()
	return j.inventory.Policies.Connections(layer, j.everyone(), outside...)
}

// setRoot tells the policies which namespace's are for the whole mesh.
func (j *judged) setRoot() {
	if m := j.inventory.Model; m != nil && m.Spec.Mesh.Namespace != "" {
		j.inventory.Policies.RootNamespace = m.Spec.Mesh.Namespace
	}
}

// everyone are all workloads and parties.
func (j *judged) everyone() []*reach.Workload {
	var out []*reach.Workload
	for _, w := range j.inventory.Workloads {
		out = append(out, &w.Workload)
	}
	for _, p := range j.inventory.Parties {
		out = append(out, &p.Workload)
	}
	return out
}

// connectionRow is one connection as it is printed.
type connectionRow struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Ports  string `json:"ports"`
	Some   string `json:"somePorts,omitempty"` // on these, only some requests pass
	Via    string `json:"via,omitempty"`
	Source string `json:"fromKind"` // workload, front door, platform, outside
	Target string `json:"toKind"`

	// The ports of a destination that names its own, without the rest: what is
	// listed for a reader.
	declared, declaredSome string
}

// A listing is the connections between the ends that are wanted.
type listing struct {
	connections *reach.Connections
	ends        ends
	port        portFilter
	platform    bool // of DNS, istiod and Prometheus too
	addresses   reach.Addresses
	own         map[*reach.Workload]*inventory.Workload
	rows        []connectionRow // where they are few
	folded      *folded         // where they are many
	count       int
}

func (j *judged) list(c *reach.Connections, ends ends, port portFilter, platform bool) *listing {
	l := &listing{connections: c, ends: ends, port: port, addresses: j.inventory.PlatformAddresses(), own: map[*reach.Workload]*inventory.Workload{}}
	l.platform = platform || ends.from.ofPlatform(l.addresses) || ends.to.ofPlatform(l.addresses)
	for _, w := range slices.Concat(j.inventory.Workloads, j.inventory.Parties) {
		l.own[&w.Workload] = w
	}
	return l
}

// brought reports whether a party is the platform's.
func (l *listing) brought(p reach.Party) bool {
	return isPlatform(p) || p.Outside != nil && p.Outside.Addresses.Minus(l.addresses).IsEmpty()
}

// elsewhere reports whether the model names a party outside its namespace. Of
// such it is known what they do with the application, and nothing else.
func (l *listing) elsewhere(p reach.Party) bool {
	w := l.own[p.Workload]
	return w != nil && (w.Party == inventory.Caller || w.Party == inventory.Callee)
}

func (l *listing) application(p reach.Party) bool {
	w := l.own[p.Workload]
	return w != nil && w.Party == ""
}

// kind tells workloads apart that wanted may tell apart.
func (l *listing) kind(w *reach.Workload) string {
	p := reach.Party{Workload: w}
	kind := ""
	for _, is := range []bool{l.ends.from.holds(p), l.ends.to.holds(p), isPlatform(p), foreign(p), l.elsewhere(p), l.application(p)} {
		kind += fmt.Sprint(is)[:1]
	}
	if l.port.name != "" {
		kind += l.port.on(w).Text()
	}
	return kind
}

// wanted gives of a connection what is listed, and whether anything is.
func (l *listing) wanted(con reach.Connection) (reach.Connection, bool) {
	switch {
	case !l.ends.from.holds(con.From) || !l.ends.to.holds(con.To):
		return con, false
	case !l.platform && (l.brought(con.From) || l.brought(con.To)):
		return con, false
	case foreign(con.From) && foreign(con.To) && l.ends.from.all && l.ends.to.all:
		return con, false
	case l.elsewhere(con.From) && !l.application(con.To) || l.elsewhere(con.To) && !l.application(con.From):
		return con, false
	case con.From.Workload != nil && con.From.Workload == con.To.Workload && l.own[con.From.Workload] != nil && l.own[con.From.Workload].Kind == "Pod":
		return con, false // one pod has no other to talk with
	}
	return l.port.within(con)
}

// each yields every row, computed when it is asked for.
func (l *listing) each() iter.Seq[connectionRow] {
	return func(yield func(connectionRow) bool) {
		for con := range l.pairs() {
			if con, ok := l.wanted(con); ok && !yield(rowOf(con)) {
				return
			}
		}
		for con := range l.connections.Outside() {
			if con, ok := l.wanted(con); ok && !yield(rowOf(con)) {
				return
			}
		}
	}
}

// pairs are the connections among workloads, or a part of them that has all
// that are wanted.
func (l *listing) pairs() iter.Seq[reach.Connection] {
	if l.ends.from.all {
		if w := only(l.ends.to); w != nil {
			return l.connections.To(w)
		}
		return l.connections.Pairs()
	}
	return func(yield func(reach.Connection) bool) {
		for _, w := range l.connections.Workloads() {
			if !l.ends.from.holds(reach.Party{Workload: w}) {
				continue
			}
			for con := range l.connections.From(w) {
				if !yield(con) {
					return
				}
			}
		}
	}
}

// only is the one workload that is meant, nil where it is not one.
func only(e end) *reach.Workload {
	if e.all || len(e.workloads) != 1 {
		return nil
	}
	for w := range e.workloads {
		return w
	}
	return nil
}

// fold makes the rows of a table: one by one, or alike ones together.
func (l *listing) fold() {
	var outside []connectionRow
	for con := range l.connections.Outside() {
		if con, ok := l.wanted(con); ok {
			outside = append(outside, rowOf(con))
		}
	}
	pairs := l.connections.Fold(l.kind, func(con reach.Connection) (reach.Claim, bool) {
		con, ok := l.wanted(con)
		if !ok {
			return reach.Claim{}, false
		}
		ports, some := declared(con)
		return reach.Claim{Ports: ports, Some: some, Text: rowOf(con).words()}, true
	})
	l.count = pairs.Count + len(outside)
	if l.count > mostLines {
		var known []*reach.Workload
		for _, w := range l.connections.Workloads() {
			if l.platform || !isPlatform(reach.Party{Workload: w}) {
				known = append(known, w)
			}
		}
		l.folded = foldedRows(pairs.Groups(), outside, newNamer(known))
		return
	}
	for _, con := range pairs.Connections() {
		if con, ok := l.wanted(con); ok {
			l.rows = append(l.rows, rowOf(con))
		}
	}
	l.rows = append(l.rows, outside...)
}

func isPlatform(p reach.Party) bool { return p.Workload != nil && p.Workload.Role == reach.Platform }

// foreign reports whether a party is none of the application's workloads. What
// two such do with each other is nobody's question here.
func foreign(p reach.Party) bool { return p.Workload == nil || p.Workload.Role != reach.Application }

func rowOf(con reach.Connection) connectionRow {
	text := func(p reach.Ports) string {
		if p.IsEmpty() {
			return ""
		}
		if con.To.Workload != nil {
			return p.TextOn(con.To.Workload)
		}
		return p.Text()
	}
	row := connectionRow{
		From: con.From.Text(), To: con.To.Text(), Ports: text(con.Ports), Some: text(con.Some),
		Source: partyKind(con.From), Target: partyKind(con.To),
	}
	row.declared, row.declaredSome = row.Ports, row.Some
	if ports, some := declared(con); con.To.Workload != nil {
		row.declared, row.declaredSome = text(ports), text(some)
	}
	if con.Via != nil {
		row.Via = con.Via.Text()
	}
	return row
}

// declared are the ports that are listed for a reader: those that the
// destination's containers declare, and all others only where none of these is open.
func declared(con reach.Connection) (ports, some reach.Ports) {
	if to := con.To.Workload; to != nil {
		ports, _ = con.Ports.On(to)
		some, _ = con.Some.On(to)
	}
	if ports.IsEmpty() && some.IsEmpty() {
		return con.Ports, con.Some
	}
	return ports, some
}

// outsideKind is the kind of parties that are addresses.
const outsideKind = "outside"

func partyKind(p reach.Party) string {
	switch {
	case p.Workload == nil:
		return outsideKind
	case p.Workload.Role == reach.FrontDoor:
		return "front door"
	case p.Workload.Role == reach.Platform:
		return "platform"
	}
	return "workload"
}

// words are a row's ports in one cell.
func (r connectionRow) words() string {
	text := r.declared
	if r.declaredSome != "" {
		if text != "" {
			text += "; "
		}
		text += "some of " + r.declaredSome
	}
	if r.Via != "" {
		text += " via " + r.Via
	}
	return text
}

func (sh *shell) printReach(ctx context.Context, l *listing, format string) error {
	switch format {
	case "json":
		return sh.reachDocument(ctx, l)
	case "csv":
		w := csv.NewWriter(sh.Out)
		_ = w.Write([]string{"from", "to", "ports", "some ports", "via"}) // Error tells
		for r := range l.each() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.Write([]string{csvCell(r.From), csvCell(r.To), csvCell(r.Ports), csvCell(r.Some), csvCell(r.Via)}); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	case "markdown":
		var b strings.Builder
		b.WriteString("| From | To | Ports |\n| --- | --- | --- |\n")
		for _, r := range l.rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", markdownCell(r.From), markdownCell(r.To), markdownCell(r.words()))
		}
		if l.folded != nil {
			for _, r := range l.folded.lines {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", markdownCell(r[0]), markdownCell(r[1]), markdownCell(r[2]))
			}
			for i, list := range l.folded.lists {
				fmt.Fprintf(&b, "\nlist %d: %s\n", i+1, markdownCell(list))
			}
			sh.sayFolded(l)
		}
		_, err := fmt.Fprint(sh.Out, b.String())
		return err
	}
	lines := briefly(l.rows)
	if l.folded != nil {
		lines = l.folded.lines
	}
	if len(lines) == 0 {
		sh.say("no connection is allowed")
		return nil
	}
	t := table{wide: true, columns: []string{"FROM", "TO", "PORTS"}}
	for _, r := range lines {
		t.add(one(r[0]), one(r[1]), one(r[2]))
	}
	if err := t.print(sh.Out); err != nil || l.folded == nil {
		return err
	}
	sh.sayFolded(l)
	for i, list := range l.folded.lists {
		if _, err := fmt.Fprintf(sh.Out, "\nlist %d: %s\n", i+1, diag.Printable(list)); err != nil {
			return err
		}
	}
	return nil
}

// sayFolded says how a table is to be read in which lines stand for many connections.
func (sh *shell) sayFolded(l *listing) {
	if len(l.folded.lines) == l.count {
		return // nothing is alike
	}
	sh.say("%d connections in %d lines: a line is for each of its callers with each of its destinations, itself apart; two that are in several lines have the ports of all. -o json and -o csv list every pair, --from and --to a part", l.count, len(l.folded.lines))
}

// reachDocument prints the connections as a document, one after another as they
// are computed: there may be millions.
func (sh *shell) reachDocument(ctx context.Context, l *listing) error {
	sh.report.printed = true
	out := bufio.NewWriterSize(sh.Out, 1<<16)
	var buffer bytes.Buffer
	value := func(v any, prefix string) error {
		buffer.Reset()
		e := json.NewEncoder(&buffer)
		e.SetEscapeHTML(false)
		e.SetIndent(prefix, "  ")
		if err := e.Encode(v); err != nil {
			return err
		}
		_, err := out.Write(bytes.TrimSuffix(buffer.Bytes(), []byte("\n")))
		return err
	}
	fmt.Fprint(out, "{\n  \"layer\": ")
	if err := value(l.connections.Layer(), "  "); err != nil {
		return err
	}
	fmt.Fprint(out, ",\n  \"connections\": [")
	between, end := "\n    ", ""
	for r := range l.each() {
		if err := ctx.Err(); err != nil {
			return err
		}
		fmt.Fprint(out, between)
		if err := value(r, "    "); err != nil {
			return err
		}
		between, end = ",\n    ", "\n  "
	}
	notes := l.connections.Notes()
	if notes == nil {
		notes = []string{}
	}
	fmt.Fprint(out, end+"],\n  \"notes\": ")
	if err := value(notes, "  "); err != nil {
		return err
	}
	fmt.Fprint(out, "\n}\n")
	return out.Flush()
}

// briefly gives each row's cells; rows that differ only in which ranges the
// internet is without become one.
func briefly(rows []connectionRow) [][3]string {
	var out [][3]string
	at := map[[3]string]int{}
	for _, r := range rows {
		cells := [3]string{inBrief(r.From), inBrief(r.To), r.words()}
		key := [3]string{cells[0], cells[1], r.Via}
		i, again := at[key]
		switch {
		case !again || cells[0] == r.From && cells[1] == r.To:
			at[key] = len(out)
			out = append(out, cells)
		default:
			for part := range strings.SplitSeq(cells[2], ", ") {
				if !slices.Contains(strings.Split(out[i][2], ", "), part) {
					out[i][2] += ", " + part
				}
			}
		}
	}
	return out
}

// inBrief leaves out of a party's name which ranges the internet is without:
// a line of the table has no room for them, and every other form has them.
func inBrief(party string) string {
	if name, _, cut := strings.Cut(party, " ("); cut && name == "the internet" {
		return name + ", in part"
	}
	return party
}

// csvCell is text in a cell that no spreadsheet takes for a formula: one that
// would begin as formulas do begins with an apostrophe.
func csvCell(s string) string {
	s = diag.Printable(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "&", "&amp;")

// markdownCell is text in a table's cell.
func markdownCell(s string) string { return markdownEscapes.Replace(diag.Printable(s)) }

// workload is the inventory's view of one of reach's.
func (j *judged) workload(w *reach.Workload) *inventory.Workload {
	for _, list := range [][]*inventory.Workload{j.inventory.Workloads, j.inventory.Parties} {
		for _, candidate := range list {
			if &candidate.Workload == w {
				return candidate
			}
		}
	}
	return nil
}
