package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	xdscredentials "google.golang.org/grpc/credentials/xds"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/xds"
)

// A server says with every answer which version it is.
type server struct {
	pb.UnimplementedTestServiceServer
	version string
}

func (s server) UnaryCall(context.Context, *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return &pb.SimpleResponse{Hostname: s.version}, nil
}

// FullDuplexCall answers once and then lasts until the caller ends it.
func (s server) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	if err := stream.Send(&pb.StreamingOutputCallResponse{}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// serve answers at the address until in ends. Each time that istiod makes it
// serve or stop serving it prints the new mode on a line.
func serve(address, version string, in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	credentials, err := xdscredentials.NewServerCredentials(xdscredentials.ServerOptions{FallbackCreds: insecure.NewCredentials()})
	if err != nil {
		return err
	}
	s, err := xds.NewGRPCServer(grpc.Creds(credentials), xds.ServingModeCallback(func(_ net.Addr, change xds.ServingModeChangeArgs) {
		if change.Mode == connectivity.ServingModeServing {
			fmt.Fprintln(out, "serving")
			return
		}
		fmt.Fprintln(out, "not serving:", change.Err)
	}))
	if err != nil {
		return err
	}
	pb.RegisterTestServiceServer(s, server{version: version})
	go func() {
		io.Copy(io.Discard, in)
		s.Stop()
	}()
	return s.Serve(listener)
}
