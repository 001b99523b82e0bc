// Package reach computes from manifests alone who may talk to whom.
//
// # Network
//
// It holds the semantics of Kubernetes NetworkPolicy as the API's documentation
// states them (networking.k8s.io/v1): policies only ever add permissions, both
// ends of a connection have a say, and an end that no policy isolates agrees to
// everything. Ports are the pods', never a Service's. What it says is the
// NetworkPolicy-only view: see Set.Overrides.
//
// # Mesh
//
// The second layer is Istio's: AuthorizationPolicy, which says who may ask what
// of a workload, and PeerAuthentication, which says whether it takes plaintext
// (istio.io/api/security/v1beta1; how proxies carry it out is taken from
// istio.io/istio, pilot/pkg/security and pilot/pkg/serviceregistry/ambient).
// It judges TCP alone: a mesh captures nothing else. A client in the mesh is
// taken to speak mutual TLS wherever the other side can, as Istio does by
// itself; a DestinationRule that says otherwise is not looked at.
//
// Without the bytes of a request some answers hang in the air: a rule about
// paths or methods on a port that may speak HTTP, a CUSTOM action, a source
// address that is not known. Such a connection is allowed for some requests:
// Connection.Some, ForSome.
//
// # What "A reaches B:8080" means
//
// In layer Network it means that NetworkPolicies let packets from A's pods to
// port 8080 of B's pods pass. Tunnels are ports like any other.
//
// In layer MeshPolicy it means that the mesh's policies, and they alone, let A
// speak to what listens on 8080 in B. What they do not look at (UDP, the
// sidecar's own ports) they let pass, so in this layer nearly every pair has some
// port: ask it about pairs and ports, and go through all pairs in the others.
//
// In layer All it means that a connection which A opens to B's port 8080 gets
// there: both layers agree, on the packets that really travel.
//   - Outside a mesh, and between sidecars, the packets go to 8080.
//   - Where ambient mode captures an end, and the other is in the mesh too, they
//     travel in a tunnel to port 15008 (HBONE) of B's pods. NetworkPolicies see
//     15008 and nothing else: they must allow it from A to B, 8080 is beside the
//     point, and where it is allowed every TCP port of B is, as far as they go.
//     B's ztunnel looks at the port inside.
//   - Where a Service that leads to B has a waypoint W, what an ambient A sends
//     to the Service travels A→W:15008 and W→B:15008. NetworkPolicies must allow
//     both hops, W's policies must admit A (by targetRefs: Service, Gateway or
//     GatewayClass), and B's must admit W, not A. This is a connection of its
//     own, with Via set to W, beside the direct one that A gets by dialling a
//     pod's address. Gateways pass a waypoint only where the Service asks for it;
//     sidecars never do. UDP and SCTP pass no mesh and no waypoint.
package reach
