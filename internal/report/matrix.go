package report

import (
	"strings"

	"kgen.dev/kgen/internal/graph"
)

type matrixSheet struct {
	Grid    bool
	Wide    bool // a grid that no sheet of paper is wide enough for: List is printed in its place
	Columns []headSheet
	Rows    []rowSheet
	List    []lineSheet
}

type headSheet struct{ ID, Label string }

type rowSheet struct {
	ID, Label string
	Cells     []cellsSheet
}

// cellsSheet is what stands in one square of the table.
type cellsSheet []cellSheet

type cellSheet struct {
	State graph.State
	Sign  string
	Short string
	Full  string
}

// Title says in words what the square shows.
func (c cellsSheet) Title() string {
	lines := make([]string, len(c))
	for i, s := range c {
		lines[i] = s.Full
	}
	return strings.Join(lines, "\n")
}

type lineSheet struct {
	From, To, FromLabel, ToLabel string
	Ports, Sign                  string
	State                        graph.State
}

// sign tells a state without its colour.
func sign(s graph.State) string {
	switch s {
	case graph.Allowed:
		return ""
	case graph.Denied:
		return "\u00d7 "
	case graph.Undeclared:
		return "! "
	}
	return "? "
}

// known is one of the four states.
func known(s graph.State) graph.State {
	switch s {
	case "", graph.Allowed:
		return graph.Allowed
	case graph.Denied, graph.Undeclared:
		return s
	}
	return graph.Unknown
}

// paperColumns is how many columns of a table fit on a sheet of paper.
const paperColumns = 24

func newMatrix(m *Matrix, l labels) *matrixSheet {
	from, to := m.From, m.To
	if len(from) == 0 {
		for _, c := range m.Cells {
			from = append(from, c.From)
		}
		from = l.order(from)
	}
	if len(to) == 0 {
		for _, c := range m.Cells {
			to = append(to, c.To)
		}
		to = l.order(to)
	}
	s := &matrixSheet{Grid: len(from)*len(to) <= gridCells, Wide: len(to) > paperColumns}
	if !s.Grid || s.Wide {
		for _, c := range m.Cells {
			state := known(c.State)
			s.List = append(s.List, lineSheet{From: c.From, To: c.To, FromLabel: l.of(c.From), ToLabel: l.of(c.To), Ports: strings.Join(c.Ports, ", "), Sign: sign(state), State: state})
		}
	}
	if !s.Grid {
		return s
	}
	squares := map[[2]string]cellsSheet{}
	for _, c := range m.Cells {
		k := [2]string{c.From, c.To}
		squares[k] = append(squares[k], newCell(c, l))
	}
	for _, id := range to {
		s.Columns = append(s.Columns, headSheet{id, l.of(id)})
	}
	for _, id := range from {
		row := rowSheet{ID: id, Label: l.of(id), Cells: make([]cellsSheet, len(to))}
		for i, other := range to {
			row.Cells[i] = squares[[2]string{id, other}]
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

func newCell(c Cell, l labels) cellSheet {
	state := known(c.State)
	s := cellSheet{State: state, Sign: sign(state), Short: "\u25cf"}
	if len(c.Ports) > 0 {
		s.Short = strings.TrimSuffix(c.Ports[0], "/TCP")
		if len(c.Ports) > 1 {
			s.Short += " \u2026"
		}
	}
	s.Full = show(l.of(c.From)) + " \u2192 " + show(l.of(c.To)) + ": "
	if len(c.Ports) > 0 {
		s.Full += show(strings.Join(c.Ports, ", ")) + ", "
	}
	s.Full += string(state)
	if c.Why != "" {
		s.Full += "; " + show(c.Why)
	}
	return s
}
