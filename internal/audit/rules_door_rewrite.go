package audit

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var rewriteDropsSuffix = &Rule{
	ID: "IN09", Severity: diag.Warning,
	Title: "A rewrite drops what follows the prefix, or takes other paths along",
	Items: []string{"C3"},
	Doc: `Replacing the prefix of a path must keep the rest of it. The annotation ` + "`nginx.ingress.kubernetes.io/rewrite-target: /`" + ` replaces the whole
path: /app/login becomes / (ingress-nginx, "Rewrite"). The rest has to be captured by the path and named in the target; and a path that
is an expression begins with its text alone, so that ` + "`/app(.*)`" + ` takes /application too. Traefik's ReplacePath and an expression
without a group, and the Gateway API's ReplaceFullPath behind a prefix, do the same.

For ingress-nginx write the path ` + "`/app(/|$)(.*)`" + `, pathType ImplementationSpecific and the target ` + "`/$2`" + `; for Traefik
` + "`replacePathRegex`" + ` with a group, or stripPrefix; for the Gateway API ` + "`ReplacePrefixMatch`" + `. Exact paths may be replaced whole.`,
	check: func(c *Check) {
		d := c.doorway()
		middlewares := map[string]inventory.Item[manifest.Middleware]{}
		for _, m := range inventory.All[manifest.Middleware](c.Inventory) {
			middlewares[m.Namespace+"-"+m.Name+traefikProvider] = m
		}
		said := map[*manifest.Object]bool{}
		for _, in := range d.ingresses {
			d.checkRewriteTarget(in)
			for _, name := range words(in.Annotations[traefikMiddlewares]) {
				if m, known := middlewares[name]; known && !said[m.Object] && !onlyExact(in) {
					said[m.Object] = true
					d.checkReplacement(in, m)
				}
			}
		}
		for _, r := range d.routes {
			d.checkFullPath(r)
		}
	},
}

const rewriteTarget = "nginx.ingress.kubernetes.io/rewrite-target"

// group is a reference to a group of a regular expression.
var group = regexp.MustCompile(`\$(\d+)|\$\{?[A-Za-z]`)

func (d *doorway) checkRewriteTarget(in inventory.Item[manifest.Ingress]) {
	target := in.Annotations[rewriteTarget]
	if target == "" {
		return
	}
	for i, r := range in.V.Spec.Rules {
		for j, p := range r.HTTP.Paths {
			if p.PathType == "Exact" || p.Path == target {
				continue // replaced as a whole on purpose, or not at all (ingress-nginx: same path, no rewrite)
			}
			d.Looked()
			path := Field("spec", "rules", i, "http", "paths", j, "path")
			stem := strings.TrimSuffix(literal(p.Path), "/")
			fix := fmt.Sprintf("write path: %s(/|$)(.*), pathType: ImplementationSpecific and %s: %s/$2", stem, rewriteTarget, strings.TrimSuffix(group.ReplaceAllString(target, ""), "/"))
			expression, err := regexp.Compile("^(?:" + p.Path + ")")
			switch {
			case !group.MatchString(target):
				d.Report(in.Object, Field("metadata", "annotations", rewriteTarget), fix, "%s replaces all of a path below %s: what follows it is dropped", target, p.Path)
				return
			case err != nil:
				d.Skip(in.Ref()+", "+manifest.PathText(path...), "its expression is not one that is understood here")
			case expression.NumSubexp() < highest(target):
				d.Report(in.Object, path, fix, "%s names group %d, and %s has %d: what follows it is dropped", target, highest(target), p.Path, expression.NumSubexp())
			case stem != "" && !strings.HasSuffix(literal(p.Path), "/") && expression.MatchString(stem+"x") && takesRest(expression, stem+"x"):
				d.Report(in.Object, path, fix, "%s takes %sx too, which is another path", p.Path, stem)
			}
		}
	}
}

// takesRest reports whether an expression's match runs to the end of a path.
func takesRest(e *regexp.Regexp, path string) bool { return e.FindString(path) == path }

// highest is the highest number of a group that a target names.
func highest(target string) int {
	most := 0
	for _, m := range group.FindAllStringSubmatch(target, -1) {
		if len(m[1]) == 1 {
			most = max(most, int(m[1][0]-'0'))
		}
	}
	return most
}

// literal is the text that an expression begins with.
func literal(expression string) string {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return expression
	}
	for parsed.Op == syntax.OpConcat {
		parsed = parsed.Sub[0]
	}
	if parsed.Op != syntax.OpLiteral {
		return ""
	}
	return string(parsed.Rune)
}

func onlyExact(in inventory.Item[manifest.Ingress]) bool {
	for _, r := range in.V.Spec.Rules {
		for _, p := range r.HTTP.Paths {
			if p.PathType != "Exact" {
				return false
			}
		}
	}
	return true
}

// checkReplacement: a Traefik Middleware that replaces paths keeps their rest.
func (d *doorway) checkReplacement(in inventory.Item[manifest.Ingress], m inventory.Item[manifest.Middleware]) {
	if m.Has("spec", "replacePath") {
		d.Looked()
		d.Report(m.Object, Field("spec", "replacePath"), "write stripPrefix: {prefixes: [<prefix>]}, with addPrefix where something takes its place",
			"it replaces all of a path, so what follows the prefix is dropped").See(in.Object, Field("metadata", "annotations", traefikMiddlewares), "uses it for a prefix")
	}
	r := m.V.Spec.ReplacePathRegex
	if r == nil {
		return
	}
	d.Looked()
	if !group.MatchString(r.Replacement) {
		d.Report(m.Object, Field("spec", "replacePathRegex", "replacement"), `capture the rest and name it: regex: "^<prefix>(?:/(.*))?$", replacement: "/$1"`,
			"%s names no group of %s: what follows the prefix is dropped", r.Replacement, r.Regex).See(in.Object, Field("metadata", "annotations", traefikMiddlewares), "uses it for a prefix")
		return
	}
	if e, err := regexp.Compile(r.Regex); err == nil && e.NumSubexp() < highest(r.Replacement) {
		d.Report(m.Object, Field("spec", "replacePathRegex", "replacement"), "name a group that the expression has", "%s names group %d, and %s has %d", r.Replacement, highest(r.Replacement), r.Regex, e.NumSubexp())
	}
}

// checkFullPath: behind a prefix, a route replaces the prefix and not the path.
func (d *doorway) checkFullPath(r inventory.Item[manifest.Route]) {
	for i, rule := range r.V.Spec.Rules {
		prefix := len(rule.Matches) == 0
		for _, m := range rule.Matches {
			prefix = prefix || m.Path == nil || m.Path.Type == "" || m.Path.Type == "PathPrefix"
		}
		for j, f := range rule.Filters {
			if f.URLRewrite == nil || f.URLRewrite.Path == nil {
				continue
			}
			d.Looked()
			if prefix && f.URLRewrite.Path.Type == "ReplaceFullPath" {
				to := ""
				if p := f.URLRewrite.Path.ReplaceFullPath; p != nil {
					to = *p
				}
				d.Report(r.Object, Field("spec", "rules", i, "filters", j, "urlRewrite", "path"), fmt.Sprintf("write path: {type: ReplacePrefixMatch, replacePrefixMatch: %s}", to),
					"it replaces all of a path behind a prefix with %s, so what follows is dropped", to)
			}
		}
	}
}
