package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var portUnnamed = &Rule{
	ID: "SV03", Severity: diag.Warning,
	Title:       "A Service's port does not say what it speaks, or says two things",
	Items:       []string{"C7", "P4"},
	Constraints: []string{"K10"},
	Doc: `Each port is to have a name, and name and appProtocol are to say the same. A mesh takes a port for what its appProtocol says, otherwise
for what its name begins with; where neither says anything it guesses from the first bytes, which fails for protocols in which the
server speaks first, as MySQL and SMTP (Istio, "Protocol Selection"). Controllers read appProtocol too (KEP-1422), and monitors go by
the name. Looked at are: a missing name; a name and an appProtocol, or a transport, that contradict each other; in a mesh, a port of
which neither says a protocol; and HTTP said of a database's well-known port.

Write ` + "`name: <protocol>[-<suffix>]`" + ` and the appProtocol, for databases ` + "`tcp`" + `.`,
	check: func(c *Check) {
		meshed := c.Meshed()
		for _, s := range c.Services {
			if s.External() {
				continue
			}
			for i, p := range s.V.Spec.Ports {
				c.Looked()
				c.checkSaid(s, i, p, meshed)
			}
		}
	},
}

// spoken are the words of names and of appProtocol by what they mean (Istio,
// "Protocol Selection"; Kubernetes, "Service: application protocol"). Words with
// the same meaning agree.
var spoken = map[string]string{
	"http": "HTTP/1.1", "http2": "HTTP/2", "grpc": "gRPC", "grpc-web": "gRPC-Web", "https": "TLS", "tls": "TLS",
	"tcp": "TCP", "mongo": "TCP", "mysql": "TCP", "redis": "TCP", "postgres": "TCP", "postgresql": "TCP", "udp": "UDP", "sctp": "SCTP",
	"kubernetes.io/h2c": "HTTP/2", "kubernetes.io/ws": "HTTP/1.1", "kubernetes.io/wss": "TLS",
}

// byName is the word that a port's name begins with, "" where it is none of spoken.
func byName(name string) string {
	if strings.HasPrefix(name, "grpc-web") {
		return "grpc-web"
	}
	word, _, _ := strings.Cut(name, "-")
	if spoken[word] == "" {
		return ""
	}
	return word
}

// inMesh are the words that Istio goes by; it reads the names of databases only
// where they are these.
func inMesh(word string) bool {
	return spoken[word] != "" && word != "postgres" && word != "postgresql"
}

// agree reports whether a name's word and an appProtocol's say the same:
// kubernetes.io/h2c is HTTP/2 without TLS, and so what gRPC runs on.
func agree(name, app string) bool {
	a, b := spoken[name], spoken[app]
	return a == b || app == h2c && (name == "grpc" || name == "http") || a == "TCP" && (app == "mongo" || app == "mysql" || app == "redis")
}

// databases are well-known ports whose protocol is not HTTP (IANA); of those
// marked first, the server speaks before the client.
var databases = map[int]struct {
	name  string
	first bool
}{
	25: {"SMTP", true}, 587: {"SMTP", true}, 21: {"FTP", true}, 22: {"SSH", true}, 3306: {"MySQL", true}, 33060: {"MySQL", true},
	5432: {"PostgreSQL", false}, 6379: {"Redis", false}, 27017: {"MongoDB", false}, 9042: {"Cassandra", false}, 11211: {"memcached", false}, 5672: {"AMQP", false}, 9092: {"Kafka", false},
}

func (c *Check) checkSaid(s *inventory.Service, i int, p manifest.ServicePort, meshed bool) {
	field := Field("spec", "ports", i)
	word, app := byName(p.Name), strings.ToLower(p.AppProtocol)
	known, isKnown := databases[p.Target().Number]
	if !isKnown {
		known, isKnown = databases[p.Port]
	}
	guess := suggested(p, known.name)
	named := field
	if p.Name != "" {
		named = append(slices.Clone(field), "name")
	}
	said := word
	if spoken[app] != "" {
		said = app
	}
	switch {
	case p.Name == "" && spoken[app] == "":
		why := "it has no name"
		if meshed {
			why += ", so a mesh guesses what it speaks"
		}
		if known.first {
			why += fmt.Sprintf(", and %s cannot be guessed: the server speaks first", known.name)
		}
		c.Report(s.Object, field, fmt.Sprintf("write name: %s and appProtocol: %s", portName(guess, known.name), guess), "port %d: %s", p.Port, why)
	case p.Name == "":
		c.Report(s.Object, field, fmt.Sprintf("write name: %s", portName(guess, known.name)), "port %d has no name, by which monitors and routes find it", p.Port)
	case word != "" && spoken[app] != "" && !agree(word, app):
		c.Report(s.Object, append(field, "appProtocol"), fmt.Sprintf("write one protocol in both, as appProtocol: %s", word), "port %s is %s by its name and %s by its appProtocol", portText(p), spoken[word], p.AppProtocol)
	case contradicts(said, p.Transport()):
		at := named
		if said == app && app != "" {
			at = append(slices.Clone(field), "appProtocol")
		}
		c.Report(s.Object, at, fmt.Sprintf("write protocol: %s, or name it for what it speaks", transportFor(said)), "port %s says %s, and its protocol is %s", portText(p), said, p.Transport())
	case said != "" && strings.HasPrefix(spoken[said], "HTTP") && isKnown && p.Transport() == "TCP":
		c.Report(s.Object, append(field, "appProtocol"), "write appProtocol: tcp, and a name that begins with tcp-", "port %s says %s, and %d is %s's port", portText(p), said, p.Target().Number, known.name)
	case meshed && p.Transport() == "TCP" && spoken[app] == "" && !inMesh(word):
		why := "the mesh guesses"
		if known.first {
			why = fmt.Sprintf("the mesh would guess, and %s cannot be guessed: the server speaks first", known.name)
		}
		at, fact := named, fmt.Sprintf("port %s: neither its name nor an appProtocol says what it speaks, so %s", portText(p), why)
		if app != "" {
			at, fact = append(slices.Clone(field), "appProtocol"), fmt.Sprintf("port %s: appProtocol %s is none that a mesh knows, so %s", portText(p), p.AppProtocol, why)
		}
		c.Report(s.Object, at, "write appProtocol: "+guess, "%s", fact)
	}
}

// suggested is the appProtocol that a port most likely needs.
func suggested(p manifest.ServicePort, database string) string {
	switch {
	case p.Transport() != "TCP":
		return strings.ToLower(p.Transport())
	case database != "":
		return "tcp"
	case p.Port == 443 || p.Port == 8443:
		return "https"
	case strings.Contains(p.Name, "grpc"):
		return "grpc"
	case strings.Contains(p.Name, "tcp"):
		return "tcp"
	}
	return "http"
}

func portName(protocol, database string) string {
	if database != "" && protocol == "tcp" {
		return "tcp-" + strings.ToLower(database)
	}
	return protocol
}

// transportFor is the transport that a word needs.
func transportFor(word string) string {
	if t := spoken[word]; t == "UDP" || t == "SCTP" {
		return t
	}
	return "TCP"
}

// contradicts reports whether a word cannot be what a transport carries. Names
// that say tcp for DNS over both are taken at their word; so is HTTP/3, which is
// named for HTTP and carried by UDP.
func contradicts(word, transport string) bool {
	return word != "" && transportFor(word) != transport && (transportFor(word) != "TCP" || spoken[word] == "TCP" || transport == "SCTP")
}
