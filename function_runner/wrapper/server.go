package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"

	"google.golang.org/grpc"
	health "google.golang.org/grpc/health/grpc_health_v1"

	"porch/wrapper/evaluatorpb"
)

// runServer serves until SIGTERM or SIGINT, then lets the calls that run come to their end; a second
// signal ends them at once. The pod's grace period bounds the wait.
func runServer(arguments []string, stderr io.Writer) int {
	read, err := parseSettings(arguments, stderr)
	if err != nil {
		return exitUsage
	}
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level(read.verbosity)}))
	if err := adoptOrphans(); err != nil {
		log.Error("the kernel must let this process adopt orphans", "error", err)
		return 1
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", read.port))
	if err != nil {
		log.Error("the port must be free", "error", err)
		return 1
	}
	runtime.GOMAXPROCS(ownProcessors(runtime.GOMAXPROCS(0)))
	fmt.Fprintf(stderr, "listening on %s\n", listener.Addr())

	state := &healthState{}
	server := newServer(read, state, log)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go stopOn(signals, server, state)
	if err := server.Serve(listener); err != nil {
		log.Error("serving failed", "error", err)
		return 1
	}
	return 0
}

// ownProcessors is how many of a container's processors the wrapper uses at once: a call costs it a
// fraction of what the function costs, and threads that look for work would take the function's time.
func ownProcessors(all int) int {
	return max(1, all/4)
}

func newServer(read settings, state *healthState, log *slog.Logger) *grpc.Server {
	// A request fits: nobody waits for room, and no pings ask how much would be good.
	window := int32(min(read.messageBytes, math.MaxInt32))
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(read.messageBytes),
		grpc.MaxSendMsgSize(read.messageBytes),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(window),
		// A stopped server answers its last calls before it is gone.
		grpc.WaitForHandlers(true),
	)
	evaluatorpb.RegisterFunctionEvaluatorServer(server, &evaluator{
		command:     read.command,
		answerBytes: read.messageBytes,
		log:         log,
	})
	health.RegisterHealthServer(server, state)
	return server
}

func stopOn(signals <-chan os.Signal, server *grpc.Server, state *healthState) {
	<-signals
	state.leaving.Store(true)
	go func() {
		<-signals
		server.Stop()
	}()
	server.GracefulStop()
}

func level(verbosity int) slog.Level {
	switch {
	case verbosity >= 4:
		return slog.LevelDebug
	case verbosity >= 2:
		return slog.LevelInfo
	default:
		return slog.LevelError
	}
}

// healthState answers the standard health service as existing probes expect it: any service name is
// known, Watch answers once and ends.
type healthState struct {
	health.UnimplementedHealthServer

	leaving atomic.Bool
}

func (state *healthState) Check(
	context.Context, *health.HealthCheckRequest,
) (*health.HealthCheckResponse, error) {
	return state.response(), nil
}

func (state *healthState) Watch(
	_ *health.HealthCheckRequest, stream health.Health_WatchServer,
) error {
	return stream.Send(state.response())
}

func (state *healthState) response() *health.HealthCheckResponse {
	if state.leaving.Load() {
		return &health.HealthCheckResponse{Status: health.HealthCheckResponse_NOT_SERVING}
	}
	return &health.HealthCheckResponse{Status: health.HealthCheckResponse_SERVING}
}
