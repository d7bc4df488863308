package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// Exit codes of the probe; 0 is healthy.
const (
	exitNoConnection = 2
	exitNoAnswer     = 3
	exitNotServing   = 4
)

// runProbe asks the health service of an address once.
func runProbe(arguments []string, complaints io.Writer) int {
	flags := flag.NewFlagSet("grpc-health-probe", flag.ContinueOnError)
	flags.SetOutput(complaints)
	address := flags.String("addr", "", "host and port of the server")
	service := flags.String("service", "", "name of the service; empty for the server")
	connectWithin := flags.Duration("connect-timeout", time.Second, "longest time to connect")
	answerWithin := flags.Duration("rpc-timeout", time.Second, "longest time to answer")
	if err := flags.Parse(arguments); err != nil || *address == "" {
		fmt.Fprintln(complaints, "usage: grpc-health-probe -addr HOST:PORT")
		return exitUsage
	}
	code, err := probe(*address, *service, *connectWithin+*answerWithin)
	if err != nil {
		fmt.Fprintln(complaints, err)
	}
	return code
}

func probe(address, service string, within time.Duration) (int, error) {
	// Without gRPC's own resolver, which asks the name service for more than the address.
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return exitUsage, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	answer, err := health.NewHealthClient(connection).Check(ctx,
		&health.HealthCheckRequest{Service: service})
	if status.Code(err) == codes.Unavailable {
		return exitNoConnection, err
	}
	if err != nil {
		return exitNoAnswer, err
	}
	if answer.GetStatus() != health.HealthCheckResponse_SERVING {
		return exitNotServing, fmt.Errorf("must be SERVING, is %s", answer.GetStatus())
	}
	return 0, nil
}
