package audit

import (
	"fmt"
	"testing"
)

func TestHiddenClients(t *testing.T) {
	pod := aPod("web", "app: web", "{name: http, containerPort: 8080}")
	service := func(annotations, more string) string {
		return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, annotations: {%s}}\nspec: {type: LoadBalancer, selector: {app: web}%s, ports: [%s]}", annotations, more, httpPort)
	}
	policy := func(from string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{" + from + "ports: [{port: 8080}]}]}"
	}
	ranges := func(blocks string) string { return policy("from: [" + blocks + "], ") }
	const (
		node    = " Service shop/web: clients may come in with the address of a node, and NetworkPolicies judge shop/web by it"
		own     = "spec.type Service shop/web: clients may come in with the address of the load balancer, whose targets are the pods, and NetworkPolicies judge shop/web by it"
		all     = "{ipBlock: {cidr: 0.0.0.0/0}}"
		all6    = `{ipBlock: {cidr: "::/0"}}`
		partner = "{ipBlock: {cidr: 203.0.113.0/24}}"
		aws     = "service.beta.kubernetes.io/aws-load-balancer-"
	)
	judge(t, "SV06", []doorCase{
		{"a range", []string{pod, service("", ""), ranges(partner)}, []string{"spec.type" + node}},
		{"a range, said", []string{pod, service("", ", externalTrafficPolicy: Cluster"), ranges(partner)}, []string{"spec.externalTrafficPolicy" + node}},
		{"a range that sees clients", []string{pod, service("", ", externalTrafficPolicy: Local"), ranges(partner)}, nil},
		{"no policy", []string{pod, service("", "")}, nil},
		{"everyone", []string{pod, service("", ""), policy("")}, nil},
		{"every address", []string{pod, service("", ""), ranges(all)}, nil},
		{"every address of both families", []string{pod, service("", ""), ranges(all + ", " + all6)}, nil},
		{"every address beside a range", []string{pod, service("", ""), ranges(partner + ", " + all)}, nil},
		{"every address but some", []string{pod, service("", ""), ranges("{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}")}, []string{"spec.type" + node}},
		{"every address of the other family", []string{pod, service("", ""), ranges(all6)}, []string{"spec.type" + node}},
		{"every address of the only family", []string{pod, service("", ", ipFamilies: [IPv6]"), ranges(all6)}, nil},
		{"targets that are pods", []string{pod, service(aws+"type: external, "+aws+"nlb-target-type: ip", ""), ranges(partner)}, []string{own}},
		{"targets that are pods, of former days", []string{pod, service(aws+"type: nlb-ip", ""), ranges(partner)}, []string{own}},
		{"targets that are pods, where Local says nothing", []string{pod, service(aws+"nlb-target-type: ip", ", externalTrafficPolicy: Local"), ranges(partner)}, []string{own}},
		{"targets that are pods and see clients", []string{pod, service(aws+"nlb-target-type: ip, "+aws+`target-group-attributes: "deregistration_delay.timeout_seconds=9, preserve_client_ip.enabled=true"`, ""), ranges(partner)}, nil},
		{"targets that are pods and must not", []string{pod, service(aws+"nlb-target-type: ip, "+aws+"target-group-attributes: preserve_client_ip.enabled=false", ""), ranges(partner)}, []string{own}},
		{"targets that are pods for everyone", []string{pod, service(aws+"nlb-target-type: ip", ""), ranges(all)}, nil},
		{"targets that are nodes", []string{pod, service(aws+"type: external, "+aws+"nlb-target-type: instance", ""), ranges(partner)}, []string{"spec.type" + node}},
		{"targets that are nodes of GKE", []string{pod, service(`cloud.google.com/neg: '{"ingress": true}'`, ""), ranges(partner)}, []string{"spec.type" + node}},
	})
}
