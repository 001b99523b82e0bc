package main

import (
	"context"

	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	status "github.com/envoyproxy/go-control-plane/envoy/service/status/v3"
	"google.golang.org/grpc/xds/csds"
)

// configured is what a workload has been told about where to send calls.
type configured struct {
	Weights  map[string]uint32 // by name of a cluster in its routes; a lone one has 100
	Clusters map[string]string // by name; ACKED where it is known and taken
}

const (
	routeType   = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	clusterType = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
)

// configuration is what the workload has from istiod, as its own xDS client
// says.
func configuration() (*configured, error) {
	s, err := csds.NewClientStatusDiscoveryServer()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	response, err := s.FetchClientStatus(context.Background(), &status.ClientStatusRequest{})
	if err != nil {
		return nil, err
	}
	out := &configured{Weights: map[string]uint32{}, Clusters: map[string]string{}}
	for _, client := range response.GetConfig() {
		for _, r := range client.GetGenericXdsConfigs() {
			switch {
			case r.GetTypeUrl() == clusterType:
				out.Clusters[r.GetName()] = r.GetClientStatus().String()
			case r.GetTypeUrl() == routeType && r.GetXdsConfig() != nil:
				var rc route.RouteConfiguration
				if err := r.GetXdsConfig().UnmarshalTo(&rc); err != nil {
					return nil, err
				}
				out.weigh(&rc)
			}
		}
	}
	return out, nil
}

func (c *configured) weigh(rc *route.RouteConfiguration) {
	for _, host := range rc.GetVirtualHosts() {
		for _, r := range host.GetRoutes() {
			if lone := r.GetRoute().GetCluster(); lone != "" {
				c.Weights[lone] = 100
			}
			for _, w := range r.GetRoute().GetWeightedClusters().GetClusters() {
				c.Weights[w.GetName()] = w.GetWeight().GetValue()
			}
		}
	}
}
