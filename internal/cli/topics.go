package cli

import "github.com/spf13/cobra"

// topics are help pages that belong to no single command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What kgen's exit codes mean", Long: exitCodesTopic},
		{Use: "model", Short: "What stands in kgen.yaml", Long: modelTopic},
		{Use: "json", Short: "What -o json prints", Long: jsonTopic},
	}
}

const exitCodesTopic = `kgen ends with one of four exit codes:

  0    done: what was asked for is written, or was there already
  1    differences or refusals: diff or generate --check found something to do,
       audit found something to mend, test saw an alert fail, explain's answer is
       no; a file is in the way, was edited by hand in the lines that kgen would
       change or was saved while kgen ran, or the person at the terminal said no
  2    bad input or usage: kgen.yaml, a flag or a template is wrong, or a file
       could not be read or written; nothing was written
  130  interrupted, by Ctrl-C or a signal; nothing was written

Every finding is printed on the standard error, one a line, with the place and
the way out:

  kgen.yaml:14:15: services[1].canary.weight: 130 is not between 0 and 100`

const modelTopic = `kgen.yaml says what is true of an application and of its platform, and never how
a manifest spells it. A small one:

` + modelExample + `
What a key means, may hold and defaults to is in the JSON Schema that kgen schema
prints. An unknown key, a wrong type or a value out of range is an error with its
line and column; kgen reports all of them at once and writes nothing.

kgen init and kgen add service ask for little of it. Flags of kgen add service say
more: --type, --path, --replicas; kgen set service sets every key. Of a service
nothing asks for these; set them, or add them below its entry and run kgen generate:

  callers         who may call it from outside this file
  timeout         how long a request may take, and retries within that
  circuitBreaker  when its callers stop sending
  slo             what it promises, for alerts
  podLabels, serviceAccount  where they are not called after the service`

const modelExample = `  apiVersion: kgen.dev/v1alpha1
  kind: Network
  metadata:
    name: shop
  spec:
    domain: shop.example.com
    mesh: {provider: istio, mode: sidecar}
    ingress:
      api: gateway
      class: istio
      tls: {clusterIssuer: letsencrypt-prod}
    services:
    - name: web
      ports:
      - {name: http, port: 80, targetPort: 8080, protocol: http}
      hosts: [shop.example.com]
      calls: [{service: api, port: grpc}]
    - name: api
      ports:
      - {name: grpc, port: 9000, protocol: grpc}
      canary: {version: v2, weight: 10}
      metrics: {port: 9090}
      egress: [{host: api.stripe.com, port: 443}]
`

const jsonTopic = `With -o json, the commands that write files print one JSON document on the
standard output, whether they succeed or not:

  written      whether files were written
  files        what was done, or would be: path, action and, where there is
               one, the reason
  notes        what follows elsewhere from a change of kgen.yaml, if anything
  removed      the resources that are not made any more, if any: group, kind,
               namespace and name; a cluster keeps them until they are deleted
  diagnostics  warnings and errors: severity and message, and where known file,
               line, column, path (in kgen.yaml), code and fix

The actions are create, update, merge (kgen's change into a file that was edited
by hand), delete, keep (edited by hand, and left as it is), missing (deleted by
hand, and left so), orphaned (edited by hand, and not made any more) and conflict
(in the way, or edited by hand in the lines that kgen would change).

kgen diff prints files with path, action, reason, clashes (the lines that both
have changed: line, count, wantedLine, wantedCount) and hunks (oldLine, oldCount,
newLine, newCount, lines). kgen status prints files with path and state, and
counts by state. kgen list and kgen canary status print what their help says.
kgen reach prints layer, connections (from, to, ports, somePorts, via, fromKind,
toKind) and notes; kgen explain answers, each with routes and their reasons, and
changes; kgen audit findings with rule, severity, place, message and fix, what was
notChecked, and the checklist.

Errors are printed on the standard error as well, and the exit code is the same
as without -o json. A mistake in the command line itself is only printed on the
standard error, unless -o json was read before it.`
