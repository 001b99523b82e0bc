package promql

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads an expression. The error is an *Error: the first thing that
// Prometheus would refuse, in syntax or in types.
func Parse(input string) (*Node, error) {
	tokens, err := lex(input)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	n := p.parse()
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

// parser goes down by precedence. After an error it stands at the end, so that
// every loop stops; the first error counts.
type parser struct {
	tokens []token
	at     int
	depth  int
	err    error
}

// deepest bounds how deep expressions may be nested.
const deepest = 500

func (p *parser) parse() *Node {
	if p.peek().kind == end {
		p.fail(0, "there is no expression")
		return nil
	}
	n := p.binary(lowest)
	if t := p.peek(); t.kind != end {
		p.fail(t.offset, "%s is not expected here", t.said())
	}
	return n
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

func (p *parser) fail(offset int, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{offset, fmt.Sprintf(format, args...)}
	}
	p.at = len(p.tokens) - 1
}

// take goes on if the next token is that symbol.
func (p *parser) take(s string) bool {
	if t := p.peek(); t.kind == symbol && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *parser) want(s, where string) bool {
	if p.take(s) {
		return true
	}
	t := p.peek()
	p.fail(t.offset, "%s stands where %q is expected, in %s", t.said(), s, where)
	return false
}

// keyword reports whether the next token is one of the words, in any case.
func (p *parser) keyword(words ...string) (string, bool) {
	t := p.peek()
	low := strings.ToLower(t.text)
	return low, t.kind == word && slices.Contains(words, low)
}

// Precedences, from the loosest (Prometheus, "Binary operator precedence").
const (
	lowest = iota + 1
	conjunction
	comparing
	adding
	multiplying
	power
)

func (p *parser) operator() (op string, level int) {
	if op, ok := p.keyword("or"); ok {
		return op, lowest
	}
	if op, ok := p.keyword("and", "unless"); ok {
		return op, conjunction
	}
	if op, ok := p.keyword("atan2"); ok {
		return op, multiplying
	}
	t := p.peek()
	if t.kind != symbol {
		return "", 0
	}
	switch t.text {
	case "==", "!=", "<", ">", "<=", ">=":
		return t.text, comparing
	case "+", "-":
		return t.text, adding
	case "*", "/", "%":
		return t.text, multiplying
	case "^":
		return t.text, power
	}
	return "", 0
}

func (p *parser) binary(level int) *Node {
	if p.depth++; p.depth > deepest {
		p.fail(p.peek().offset, "it is nested too deeply")
	}
	defer func() { p.depth-- }()
	left := p.unary()
	for p.err == nil {
		op, its := p.operator()
		if its < level {
			break
		}
		n := &Node{Kind: Binary, Op: op, Offset: p.next().offset, Type: Vector}
		m := p.matching(n)
		if its != power { // only ^ groups from the right
			its++
		}
		right := p.binary(its)
		if p.err == nil {
			n.Args = []*Node{left, right}
			p.checkBinary(n, m)
			left = n
		}
	}
	return left
}

// matching is what follows an operator: bool, on or ignoring, group_left or
// group_right.
type matching struct {
	on        bool
	labels    []string
	grouped   bool
	groupings []string
}

func (p *parser) matching(n *Node) matching {
	var m matching
	if _, ok := p.keyword("bool"); ok {
		if t := p.next(); !comparisons[n.Op] {
			p.fail(t.offset, "bool belongs to comparisons, not to %q", n.Op)
		}
		n.Bool = true
	}
	if which, ok := p.keyword("on", "ignoring"); ok {
		p.next()
		m.on, m.labels = which == "on", p.labelList(which)
		if which, ok := p.keyword("group_left", "group_right"); ok {
			m.grouped = true
			p.next()
			if t := p.peek(); t.kind == symbol && t.text == "(" {
				m.groupings = p.labelList(which)
			}
		}
	}
	return m
}

func (p *parser) checkBinary(n *Node, m matching) {
	set := n.Op == "and" || n.Op == "or" || n.Op == "unless"
	left, right := n.Args[0].Type, n.Args[1].Type
	for _, a := range n.Args {
		if a.Type != Scalar && a.Type != Vector {
			p.fail(a.Offset, "%q takes numbers and instant vectors; this is a %s", n.Op, a.Type)
			return
		}
	}
	numbers := left == Scalar && right == Scalar
	switch {
	case set && (left == Scalar || right == Scalar):
		p.fail(n.Offset, "%q stands between vectors only; one side is a number", n.Op)
	case numbers && comparisons[n.Op] && !n.Bool:
		p.fail(n.Offset, "two numbers are compared: write %s bool", n.Op)
	case len(m.labels) > 0 && (left == Scalar || right == Scalar):
		p.fail(n.Offset, "on and ignoring stand between vectors only; one side is a number")
	case set && m.grouped:
		p.fail(n.Offset, "%q takes no group_left or group_right", n.Op)
	}
	for _, l := range m.groupings {
		if m.on && slices.Contains(m.labels, l) {
			p.fail(n.Offset, "the label %s is in on and in the group modifier at once", l)
		}
	}
	if numbers {
		n.Type = Scalar
	}
}

var (
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
)

// IsName reports whether a recording rule may give its result that name.
func IsName(s string) bool { return metricName.MatchString(s) }

// labelList reads (a, b, c).
func (p *parser) labelList(where string) []string {
	var out []string
	if !p.want("(", where) {
		return nil
	}
	for !p.take(")") {
		switch t := p.next(); {
		case t.kind == word, t.kind == text && t.text != "":
			out = append(out, t.text)
		default:
			p.fail(t.offset, "%s stands where a label is expected, in %s", t.said(), where)
			return nil
		}
		if !p.take(",") {
			if !p.want(")", where) {
				return nil
			}
			break
		}
	}
	return out
}

func (p *parser) unary() *Node {
	t := p.peek()
	if !p.take("-") && !p.take("+") {
		return p.postfix(p.primary())
	}
	// It binds as * does: -2 ^ 2 is -(2 ^ 2).
	arg := p.binary(power)
	if p.err != nil {
		return nil
	}
	if arg.Type != Scalar && arg.Type != Vector {
		p.fail(t.offset, "a sign stands before numbers and instant vectors; this is a %s", arg.Type)
	}
	return &Node{Kind: Unary, Op: t.text, Offset: t.offset, Type: arg.Type, Args: []*Node{arg}}
}

// postfix reads ranges, subqueries, offset and @.
func (p *parser) postfix(n *Node) *Node {
	for p.err == nil {
		t := p.peek()
		switch {
		case p.take("["):
			n = p.brackets(n, t.offset)
		case p.take("@"):
			p.moment(n, t.offset)
		default:
			if _, ok := p.keyword("offset"); !ok {
				return n
			}
			p.next()
			p.back(n, t.offset)
		}
	}
	return n
}

func (p *parser) brackets(n *Node, offset int) *Node {
	span := p.span("a range")
	if p.err == nil && span <= 0 {
		p.fail(offset, "a range is longer than nothing")
	}
	if p.take(":") {
		sub := &Node{Kind: Subquery, Type: Matrix, Offset: n.Offset, Args: []*Node{n}, Range: span}
		if t := p.peek(); t.text != "]" {
			sub.Step = p.span("a step")
			if p.err == nil && sub.Step <= 0 {
				p.fail(t.offset, "a step is longer than nothing")
			}
		}
		if n.Type != Vector && p.err == nil {
			p.fail(offset, "a subquery is about an instant vector; this is a %s", n.Type)
		}
		p.want("]", "a subquery")
		return sub
	}
	p.want("]", "a range")
	switch {
	case p.err != nil:
	case n.Kind != Select || n.Type == Matrix:
		p.fail(offset, "a range follows a selector only; of anything else write a subquery, [5m:1m]")
	case n.modified || n.at:
		p.fail(offset, "offset and @ follow the range, not the other way round")
	default:
		n.Range, n.Type = span, Matrix
	}
	return n
}

func (p *parser) moment(n *Node, offset int) {
	if n.Kind != Select && n.Kind != Subquery || n.at {
		p.fail(offset, "@ follows a selector or a subquery, once")
		return
	}
	n.at = true
	if _, ok := p.keyword("start", "end"); ok {
		p.next()
		if p.want("(", "@") {
			p.want(")", "@")
		}
		return
	}
	if !p.take("-") {
		p.take("+")
	}
	if t := p.next(); t.kind != number {
		p.fail(t.offset, "%s stands where a time is expected, after @", t.said())
	}
}

func (p *parser) back(n *Node, offset int) {
	if n.Kind != Select && n.Kind != Subquery || n.modified {
		p.fail(offset, "offset follows a selector or a subquery, once")
		return
	}
	sign := time.Duration(1)
	if p.take("-") {
		sign = -1
	} else {
		p.take("+")
	}
	n.modified, n.Back = true, sign*p.span("offset")
}

// span reads a duration, or a number of seconds.
func (p *parser) span(what string) time.Duration {
	p.take("+")
	t := p.next()
	if t.kind == number {
		if d, size := durationPrefix(t.text); size == len(t.text) {
			return d
		}
		if f, err := strconv.ParseFloat(t.text, 64); err == nil && f < 9e9 {
			return time.Duration(math.Round(f * float64(time.Second)))
		}
	}
	p.fail(t.offset, "%s stands where a duration is expected, in %s", t.said(), what)
	return 0
}

func (p *parser) primary() *Node {
	t := p.next()
	switch t.kind {
	case number:
		value, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			if whole, bad := strconv.ParseInt(t.text, 0, 64); bad == nil {
				value = float64(whole)
			} else if d, size := durationPrefix(t.text); size == len(t.text) {
				value = d.Seconds()
			} else {
				p.fail(t.offset, "%q is no number", t.text)
			}
		}
		return &Node{Kind: Number, Type: Scalar, Offset: t.offset, Value: value}
	case text:
		return &Node{Kind: Text, Type: String, Offset: t.offset, Text: t.text}
	case symbol:
		switch t.text {
		case "(":
			n := p.binary(lowest)
			p.want(")", "parentheses")
			if p.err != nil {
				return nil
			}
			return &Node{Kind: Paren, Type: n.Type, Offset: t.offset, Args: []*Node{n}}
		case "{":
			return p.selector("", t.offset)
		}
	case word:
		return p.named(t)
	}
	p.fail(t.offset, "%s stands where an expression is expected", t.said())
	return nil
}

// named reads what starts with a word: a function, an aggregation, inf or nan,
// or a selector.
func (p *parser) named(t token) *Node {
	low := strings.ToLower(t.text)
	opens := p.peek().kind == symbol && p.peek().text == "("
	_, grouped := p.keyword("by", "without")
	switch {
	case aggregations[low] && (opens || grouped):
		return p.aggregation(low, t.offset)
	case flagged[low] && (opens || grouped):
		p.fail(t.offset, "%s is experimental: Prometheus has it only with --enable-feature=promql-experimental-functions", t.text)
		return nil
	case opens:
		return p.call(t)
	case low == "inf" || low == "nan":
		value, _ := strconv.ParseFloat(low, 64)
		return &Node{Kind: Number, Type: Scalar, Offset: t.offset, Value: value}
	}
	switch low {
	case "atan2", "on", "ignoring", "group_left", "group_right", "bool":
		p.fail(t.offset, "%s stands where an expression is expected", t.said())
		return nil
	}
	if p.take("{") {
		return p.selector(t.text, t.offset)
	}
	return &Node{Kind: Select, Type: Vector, Offset: t.offset, Selector: &Selector{Name: t.text}}
}

func (p *parser) selector(name string, offset int) *Node {
	s := &Selector{Name: name}
	names := 0
	if name != "" {
		names++
	}
	for !p.take("}") {
		t := p.next()
		if t.kind != word && t.kind != text || t.kind == word && !labelName.MatchString(t.text) {
			p.fail(t.offset, "%s stands where a label is expected, in braces", t.said())
			return nil
		}
		op := p.peek()
		if t.kind == text && op.kind == symbol && (op.text == "," || op.text == "}") {
			s.Name = t.text
			names++
		} else {
			p.next()
			value := p.next()
			if op.kind != symbol || !slices.Contains([]string{"=", "!=", "=~", "!~"}, op.text) {
				p.fail(op.offset, "%s stands where =, !=, =~ or !~ is expected, after the label %s", op.said(), t.text)
				return nil
			}
			if value.kind != text {
				p.fail(value.offset, "%s stands where a value in quotes is expected, after the label %s", value.said(), t.text)
				return nil
			}
			m := Matcher{t.text, op.text, value.text, t.offset}
			if err := m.check(); err != nil {
				p.fail(value.offset, "%q is no regular expression: %s", value.text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
				return nil
			}
			if m.Label == "__name__" {
				names++
				if m.Op == "=" && s.Name == "" {
					s.Name = m.Value
				}
			}
			s.Matchers = append(s.Matchers, m)
		}
		if !p.take(",") {
			if !p.want("}", "the labels") {
				return nil
			}
			break
		}
	}
	if name != "" && names > 1 {
		p.fail(offset, "the name of the series is said twice")
	}
	if s.Name == "" && !slices.ContainsFunc(s.Matchers, func(m Matcher) bool { return !m.Matches("") }) {
		p.fail(offset, "this selects every series there is: give a name, or a label that must not be empty")
	}
	return &Node{Kind: Select, Type: Vector, Offset: offset, Selector: s}
}

// check says what is wrong with the regular expression. Most are lists of words,
// and a rule file has thousands of them.
func (m Matcher) check() error {
	if m.Op == "=" || m.Op == "!=" || !strings.ContainsAny(m.Value, `\*+?()[]{}^$`) {
		return nil
	}
	_, err := m.regexp()
	return err
}

func (m Matcher) regexp() (*regexp.Regexp, error) {
	if m.Op != "=~" && m.Op != "!~" {
		return nil, nil
	}
	return regexp.Compile("^(?s:" + m.Value + ")$")
}

// Matches reports whether a label of that value satisfies the matcher; an
// absent label has the value "".
func (m Matcher) Matches(value string) bool {
	switch m.Op {
	case "=":
		return value == m.Value
	case "!=":
		return value != m.Value
	}
	r, err := m.regexp()
	return err == nil && r.MatchString(value) == (m.Op == "=~")
}

func (p *parser) arguments(where string) []*Node {
	var out []*Node
	if !p.want("(", where) {
		return nil
	}
	if p.take(")") {
		return nil
	}
	for p.err == nil {
		out = append(out, p.binary(lowest))
		if !p.take(",") {
			p.want(")", where)
			break
		}
	}
	return out
}

func (p *parser) aggregation(op string, offset int) *Node {
	n := &Node{Kind: Aggregation, Op: op, Offset: offset, Type: Vector}
	by := func() bool {
		which, ok := p.keyword("by", "without")
		if ok {
			p.next()
			p.labelList(which)
		}
		return ok
	}
	before := by()
	n.Args = p.arguments(op)
	if !before {
		by()
	}
	if p.err != nil {
		return nil
	}
	takes := []Type{Vector}
	if t, ok := parameters[op]; ok {
		takes = []Type{t, Vector}
	}
	if len(n.Args) != len(takes) {
		p.fail(offset, "%s takes %d, not %d", op, len(takes), len(n.Args))
		return nil
	}
	for i, a := range n.Args {
		if a.Type != takes[i] {
			p.fail(a.Offset, "%s takes a %s here; this is a %s", op, takes[i], a.Type)
		}
	}
	return n
}

var letters = map[rune]Type{'v': Vector, 'm': Matrix, 's': Scalar, 't': String}

func (p *parser) call(t token) *Node {
	f, known := functions[t.text]
	if !known {
		p.fail(t.offset, "there is no function %s%s", t.text, near(t.text))
		return nil
	}
	n := &Node{Kind: Call, Op: t.text, Offset: t.offset, Type: f.gives, Args: p.arguments(t.text)}
	if p.err != nil {
		return nil
	}
	needed, optional, _ := strings.Cut(f.takes, "?")
	repeats := strings.HasSuffix(optional, "*")
	takes := []rune(needed + strings.TrimSuffix(optional, "*"))
	if len(n.Args) < len(needed) || len(n.Args) > len(takes) && !repeats {
		p.fail(t.offset, "%s takes %d, not %d", t.text, len(takes), len(n.Args))
		return nil
	}
	for i, a := range n.Args {
		if want := letters[takes[min(i, len(takes)-1)]]; a.Type != want {
			hint := ""
			if want == Matrix && a.Kind == Select {
				hint = ": write a range behind it, [5m]"
			}
			p.fail(a.Offset, "%s takes a %s; this is a %s%s", t.text, want, a.Type, hint)
		}
	}
	return n
}
