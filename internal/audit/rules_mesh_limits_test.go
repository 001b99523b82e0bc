package audit

import (
	"strings"
	"testing"
)

func TestLimitsOfOne(t *testing.T) {
	pool := func(text string) string { return "connectionPool: {" + text + "}" }
	policy := func(text string) string { return smDR("trafficPolicy: {" + text + "}") }
	const (
		conns    = "tcp: {maxConnections: 1}"
		pending  = "http: {http1MaxPendingRequests: 1}"
		requests = "http: {http2MaxRequests: 1}"
		place    = "spec.trafficPolicy.connectionPool."
		second   = "refuses whoever comes while one is under way"
		waits    = "refuses whoever comes while one waits for a connection"
	)
	speaks := func(port string) string {
		return npJoin(smShop, strings.Replace(smService, "{name: http, port: 80, targetPort: 8080, appProtocol: http}", port, 1))
	}
	web := npJoin(smShop, smService)
	tcp := speaks("{name: tcp, port: 7000, appProtocol: tcp}")
	both := speaks("{name: http, port: 80, appProtocol: http}, {name: tcp, port: 7000, appProtocol: tcp}")
	port := func(number, text string) string {
		return "portLevelSettings: [{port: {number: " + number + "}, " + pool(text) + "}]"
	}
	const portPlace = "spec.trafficPolicy.portLevelSettings[0].connectionPool."
	judge(t, "SM19", []doorCase{
		{"room to spare", []string{web, policy(pool("tcp: {maxConnections: 2}, http: {http1MaxPendingRequests: 2, http2MaxRequests: 2}"))}, nil},
		{"one request may wait", []string{web, policy(pool(pending))}, []string{place + "http.http1MaxPendingRequests DestinationRule shop/api: http1MaxPendingRequests: 1 " + waits}},
		{"one request, of HTTP/1.1 too", []string{web, policy(pool(requests))}, []string{place + "http.http2MaxRequests DestinationRule shop/api: http2MaxRequests: 1 " + second}},
		{"one connection, for which requests wait", []string{web, policy(pool(conns))}, nil},
		{"one connection, and one may wait", []string{web, policy(pool(conns + ", " + pending))}, []string{
			place + "tcp.maxConnections DestinationRule shop/api: maxConnections: 1 with one pending request refuses whoever comes while one is under way and one waits",
			place + "http.http1MaxPendingRequests DestinationRule shop/api: http1MaxPendingRequests: 1 " + waits}},
		{"one connection of TCP", []string{tcp, policy(pool(conns))}, []string{place + "tcp.maxConnections DestinationRule shop/api: maxConnections: 1 refuses the second connection to port 7000 (tcp)"}},
		{"one connection of TLS, by the port's name", []string{speaks("{name: tls-web, port: 443}"), policy(pool(conns))}, []string{place + "tcp.maxConnections DestinationRule shop/api: maxConnections: 1 refuses the second connection to port 443 (tls-web)"}},
		{"one connection to a database", []string{speaks("{name: db, port: 3306}"), policy(pool(conns))}, []string{place + "tcp.maxConnections DestinationRule shop/api: maxConnections: 1 refuses the second connection to port 3306 (db)"}},
		{"one connection to one of two ports", []string{both, policy(pool(conns))}, []string{place + "tcp.maxConnections DestinationRule shop/api: maxConnections: 1 refuses the second connection to port 7000 (tcp)"}},
		{"one connection where the port of TCP has its own", []string{both, policy(pool(conns) + ", " + port("7000", "tcp: {maxConnections: 9}"))}, nil},
		{"one connection to a port of TCP", []string{both, policy(port("7000", conns))}, []string{portPlace + "tcp.maxConnections DestinationRule shop/api: maxConnections: 1 refuses the second connection to port 7000 (tcp)"}},
		{"one connection to a port of HTTP", []string{both, policy(port("80", conns))}, nil},
		{"one connection to UDP", []string{speaks("{name: udp, port: 53, protocol: UDP}"), policy(pool(conns))}, nil},
		{"one connection to a subset", []string{tcp, smDR("subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {" + pool(conns) + "}}]")},
			[]string{"spec.subsets[0].trafficPolicy.connectionPool.tcp.maxConnections DestinationRule shop/api: maxConnections: 1 refuses the second connection to port 7000 (tcp)"}},
		{"one connection to who knows whom", []string{smShop, policy(pool(conns))},
			[]string{"skipped: DestinationRule shop/api: the Service " + smAPI + " is not given: whether a limit of one connection refuses any depends on what its ports speak"}},
		{"one connection for who knows what", []string{speaks("{name: web, port: 80}"), policy(pool(conns))},
			[]string{"skipped: DestinationRule shop/api: port 80 (web) does not say what it speaks, and a limit of one connection refuses those that are not HTTP"}},
	})
}
