package graph

import "strings"

// hue is a colour by day and by night. States are told apart by people who see no
// red or no green as well (slate, vermilion and blue, after Okabe and Ito), and
// by dash and arrow head besides. Contrast to what they stand on is at least
// 4.5:1 for text and 3:1 for lines.
type hue struct{ name, day, night string }

var hues = []hue{
	{"paper", "#ffffff", "#11161d"},
	{"ink", "#17202b", "#e8edf3"},
	{"muted", "#566373", "#a3b0c0"},
	{"group", "#f4f6f9", "#181f29"},
	{"group-line", "#cfd7e1", "#34404f"},
	{"node", "#ffffff", "#232c38"},
	{"node-line", "#7d8b9b", "#6d7c8f"},
	{"allowed", "#56677b", "#9aabbf"},
	{"denied", "#b84500", "#ff9d62"},
	{"undeclared", "#0067a8", "#6fbcf8"},
	{"unknown", "#6b6b6b", "#adadad"},
	{"mtls", "#00735a", "#58d3ae"},
	{"door", "#e2f5ee", "#14352b"},
	{"door-line", "#00735a", "#4cc7a2"},
	{"waypoint", "#fff3d1", "#3a2e10"},
	{"waypoint-line", "#946500", "#e3b23c"},
	{"infra", "#f1ecf8", "#2a2339"},
	{"infra-line", "#70529a", "#b59ddc"},
	{"badge", "#e9eef4", "#33404f"},
	{"focus", "#0067a8", "#8fd0ff"},
}

// Style is the style sheet of the SVG, all of it below the class kgen-graph.
// A page that holds the SVG inline puts it into its own sheet. Colours are
// custom properties, --kg-… on the class; they follow the reader's scheme, a
// page's data-theme of light or dark on its root, and are by day in print.
func Style() string {
	var b strings.Builder
	set := func(selector string, night bool) {
		b.WriteString(selector + "{")
		for _, h := range hues {
			colour := h.day
			if night {
				colour = h.night
			}
			b.WriteString("--kg-" + h.name + ":" + colour + ";")
		}
		if night {
			b.WriteString("color-scheme:dark}\n")
		} else {
			b.WriteString("color-scheme:light}\n")
		}
	}
	set(".kgen-graph", false)
	b.WriteString("@media (prefers-color-scheme:dark){\n")
	set(":root:not([data-theme=light]) .kgen-graph,svg.kgen-graph:root", true)
	b.WriteString("}\n")
	set(":root[data-theme=dark] .kgen-graph", true)
	b.WriteString("@media print{\n")
	set(":root:not([data-theme=print]) .kgen-graph,svg.kgen-graph:root", false)
	b.WriteString("}\n")

	// Programs that do not know custom properties take the colour by day that stands before.
	rule := func(selector string, declarations ...string) {
		b.WriteString(".kgen-graph " + strings.ReplaceAll(selector, ", ", ",.kgen-graph ") + "{")
		for _, d := range declarations {
			for _, h := range hues {
				if property, ok := strings.CutSuffix(d, ":"+h.name); ok {
					d = property + ":" + h.day + ";" + property + ":var(--kg-" + h.name + ")"
					break
				}
			}
			b.WriteString(d + ";")
		}
		b.WriteString("}\n")
	}
	rule("text", "font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif", "font-size:11px", "fill:ink")
	rule(".paper", "fill:paper")
	rule(".title", "font-size:18px", "font-weight:650")
	rule(".sum", "font-size:13px", "fill:muted")
	rule(".group rect", "fill:group", "stroke:group-line")
	rule(".group text", "font-size:13px", "font-weight:650", "fill:muted")
	rule(".line, .stem", "fill:none", "stroke-width:1.4", "stroke-linecap:round")
	for _, s := range []string{"allowed", "denied", "undeclared", "unknown"} {
		rule(".line."+s+", ."+s+" .stem", "stroke:"+s)
		rule("."+s+" .head", "stroke:"+s, "stroke-width:1.4")
		rule("."+s+" .pill", "stroke:"+s)
	}
	rule(".line.allowed", "stroke-opacity:.72")
	rule(".allowed .head", "fill:allowed")
	rule(".denied .head", "fill:none", "stroke-width:2")
	rule(".undeclared .head, .unknown .head", "fill:paper")
	rule(".line.denied, .denied .stem", "stroke-dasharray:8 5", "stroke-width:1.8")
	rule(".line.undeclared, .undeclared .stem", "stroke-dasharray:1 5", "stroke-width:2.6")
	rule(".line.unknown, .unknown .stem", "stroke-dasharray:4 3 1 3")
	rule(".pill", "fill:paper", "stroke-opacity:.45")
	rule(".denied .pill, .undeclared .pill", "stroke-opacity:1")
	rule(".slot text", "fill:muted")
	rule(".denied text", "fill:denied", "font-weight:600")
	rule(".undeclared text", "fill:undeclared", "font-weight:600")
	rule(".lock", "fill:none", "stroke:mtls", "stroke-width:1.5")
	rule(".lock .body", "fill:mtls", "stroke:none")
	rule(".share0", "fill:allowed")
	rule(".share1", "fill:waypoint-line")
	rule(".share2", "fill:infra-line")
	rule(".share3", "fill:undeclared")
	rule(".box", "fill:node", "stroke:node-line", "stroke-width:1.2")
	rule(".node .name", "font-size:13px", "font-weight:650")
	rule(".icon", "fill:none", "stroke:muted", "stroke-width:1.4", "stroke-linejoin:round", "stroke-linecap:round")
	rule(".badge rect", "fill:badge")
	rule(".door .box", "fill:door", "stroke:door-line")
	rule(".door .icon", "stroke:door-line")
	rule(".external .box", "fill:group", "stroke-dasharray:4 3")
	rule(".waypoint .box", "fill:waypoint", "stroke:waypoint-line")
	rule(".waypoint .icon", "stroke:waypoint-line")
	rule(".infra .box", "fill:infra", "stroke:infra-line")
	rule(".infra .icon", "stroke:infra-line")
	rule(".legend text", "fill:muted")
	return b.String()
}

// nodeClass is the class of a kind.
func nodeClass(k Kind) string {
	switch k {
	case FrontDoor:
		return "door"
	case External:
		return "external"
	case Waypoint:
		return "waypoint"
	case Prometheus, DNS, ControlPlane:
		return "infra"
	}
	return "service"
}

// icons are drawn in a square of 16, from its top left.
var icons = map[Kind]string{
	Service:      "M8 1.5 14 5v6L8 14.5 2 11V5zM2 5l6 3.5L14 5M8 8.5v6",
	FrontDoor:    "M3.5 14.5v-13h9v13M1.5 14.5h13M9.5 8v.5",
	External:     "M8 1.5a6.5 6.5 0 1 0 .01 0zM1.5 8h13M8 1.5c-4 4-4 9 0 13c4-4 4-9 0-13",
	Waypoint:     "M8 1.5 14.5 8 8 14.5 1.5 8zM5 8h6M9 6l2 2-2 2",
	Prometheus:   "M1.5 14.5v-13M1.5 14.5h13M4 11l3-4 2.5 2L14 3",
	DNS:          "M2 2.5h12v4.5H2zM2 9h12v4.5H2zM4.5 4.700h.5M4.5 11.200h.5",
	ControlPlane: "M2 4h5M11 4h3M9 2.5v3M2 8h2M8 8h6M6 6.5v3M2 12h7M13 12h1M11 10.5v3",
}

func icon(k Kind) string {
	if p, ok := icons[k]; ok {
		return p
	}
	return icons[Service]
}
