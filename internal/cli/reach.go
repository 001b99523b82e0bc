package cli

import (
	"context"
	"encoding/csv"
	"fmt"
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
	var connections *reach.Connections
	var rows []connectionRow
	if err := sh.during("computing connections", func() error {
		connections = j.connections(layers[flags.layer.word], ends.outside()...)
		rows = j.rows(connections, ends, port, flags.platform)
		return nil
	}); err != nil {
		return err
	}
	for _, note := range connections.Notes() {
		sh.say("%s", note)
	}
	return sh.printReach(rows, connections, flags.format.word)
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

// rows are the connections between the ends that are wanted.
func (j *judged) rows(c *reach.Connections, ends ends, port portFilter, platform bool) []connectionRow {
	var rows []connectionRow
	addresses := j.inventory.PlatformAddresses()
	platform = platform || ends.from.ofPlatform(addresses) || ends.to.ofPlatform(addresses)
	own := map[*reach.Workload]*inventory.Workload{}
	for _, w := range slices.Concat(j.inventory.Workloads, j.inventory.Parties) {
		own[&w.Workload] = w
	}
	brought := func(p reach.Party) bool {
		return isPlatform(p) || p.Outside != nil && p.Outside.Addresses.Minus(addresses).IsEmpty()
	}
	// Of those whom the model names outside its namespace it is known what they
	// do with the application, and nothing else.
	elsewhere := func(p reach.Party) bool {
		w := own[p.Workload]
		return w != nil && (w.Party == inventory.Caller || w.Party == inventory.Callee)
	}
	application := func(p reach.Party) bool { w := own[p.Workload]; return w != nil && w.Party == "" }
	take := func(con reach.Connection) {
		switch {
		case !ends.from.holds(con.From) || !ends.to.holds(con.To):
			return
		case !platform && (brought(con.From) || brought(con.To)):
			return
		case foreign(con.From) && foreign(con.To) && ends.from.all && ends.to.all:
			return
		case elsewhere(con.From) && !application(con.To) || elsewhere(con.To) && !application(con.From):
			return
		case con.From.Workload != nil && con.From.Workload == con.To.Workload && own[con.From.Workload] != nil && own[con.From.Workload].Kind == "Pod":
			return // one pod has no other to talk with
		}
		if con, ok := port.within(con); ok {
			rows = append(rows, rowOf(con))
		}
	}
	for con := range c.Pairs() {
		take(con)
	}
	for con := range c.Outside() {
		take(con)
	}
	return rows
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
	if to := con.To.Workload; to != nil {
		ports, _ := con.Ports.On(to)
		some, _ := con.Some.On(to)
		if !ports.IsEmpty() || !some.IsEmpty() {
			row.declared, row.declaredSome = text(ports), text(some)
		}
	}
	if con.Via != nil {
		row.Via = con.Via.Text()
	}
	return row
}

func partyKind(p reach.Party) string {
	switch {
	case p.Workload == nil:
		return "outside"
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

func (sh *shell) printReach(rows []connectionRow, c *reach.Connections, format string) error {
	switch format {
	case "json":
		if rows == nil {
			rows = []connectionRow{}
		}
		notes := c.Notes()
		if notes == nil {
			notes = []string{}
		}
		return sh.document(struct {
			Layer       reach.Layer     `json:"layer"`
			Connections []connectionRow `json:"connections"`
			Notes       []string        `json:"notes"`
		}{c.Layer(), rows, notes})
	case "csv":
		w := csv.NewWriter(sh.Out)
		_ = w.Write([]string{"from", "to", "ports", "some ports", "via"}) // Error tells
		for _, r := range rows {
			_ = w.Write([]string{csvCell(r.From), csvCell(r.To), csvCell(r.Ports), csvCell(r.Some), csvCell(r.Via)})
		}
		w.Flush()
		return w.Error()
	case "markdown":
		var b strings.Builder
		b.WriteString("| From | To | Ports |\n| --- | --- | --- |\n")
		for _, r := range rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", markdownCell(r.From), markdownCell(r.To), markdownCell(r.words()))
		}
		_, err := fmt.Fprint(sh.Out, b.String())
		return err
	}
	if len(rows) == 0 {
		sh.say("no connection is allowed")
		return nil
	}
	t := table{wide: true, columns: []string{"FROM", "TO", "PORTS"}}
	for _, r := range briefly(rows) {
		t.add(one(r[0]), one(r[1]), one(r[2]))
	}
	return t.print(sh.Out)
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

// markdownCell is text in a table's cell.
func markdownCell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "&", "&amp;").Replace(diag.Printable(s))
}

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
