package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestACommandIsNeeded(t *testing.T) {
	var complaints bytes.Buffer
	code := runServer([]string{"--port", "0", "--"}, &complaints)

	if code != exitUsage || !strings.Contains(complaints.String(), "needs an entrypoint") {
		t.Errorf("found %d: %s", code, complaints.String())
	}
}

func TestFlagsOfTheCommandAreItsOwn(t *testing.T) {
	read, err := parseSettings([]string{"-port=1", "--max-request-body-size", "2", "--verbosity", "5",
		"--", "program", "--port", "3"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}

	if read.port != 1 || read.messageBytes != 2 || strings.Join(read.command, " ") != "program --port 3" {
		t.Errorf("found %+v", read)
	}
}

// build makes the program itself, for what only a process shows.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "wrapper-server")
	if output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return program
}

func TestTheProgramIsPlacedProbedAndStopped(t *testing.T) {
	folder := filepath.Dir(build(t))
	for name, aim := range map[string]string{"grpc-health-probe": "wrapper-server", "cp": "wrapper-server"} {
		if err := os.Symlink(aim, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	tools := t.TempDir()
	for range 2 { // an init container may run again
		if output, err := exec.Command(folder+"/cp", "-a", folder+"/.", tools).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	file := filepath.Join(t.TempDir(), "pid")
	server := exec.Command(tools+"/wrapper-server", "--port", "0", "--",
		"/bin/sh", "-c", "echo $$ > "+file+"; cat; sleep 0.3")
	address, stop := started(t, server)
	if output, err := exec.Command(tools+"/grpc-health-probe", "-addr", address).CombinedOutput(); err != nil {
		t.Errorf("a probe must find it healthy: %v: %s", err, output)
	}
	answered := make(chan error)
	go func() {
		_, err := connected(t, address).call(context.Background(), input)
		answered <- err
	}()
	pidIn(t, file)
	stop()

	if err := <-answered; err != nil {
		t.Errorf("a call that runs must be answered: %v", err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("it must end with 0: %v", err)
	}
	if err := exec.Command(tools+"/grpc-health-probe", "-addr", address).Run(); err == nil {
		t.Error("a probe must not find it any more")
	}
}

func TestOnlyTheCopyOfInitContainersIsKnown(t *testing.T) {
	if code := runCopy([]string{"-r", "a", "b"}, io.Discard); code != exitUsage {
		t.Errorf("found %d", code)
	}
	if code := runCopy([]string{"-a", "/no/such/directory/.", t.TempDir()}, io.Discard); code != 1 {
		t.Errorf("found %d", code)
	}
}

func TestProbingNothingSaysSo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()

	if code := runProbe([]string{"-addr", address}, io.Discard); code != exitNoConnection {
		t.Errorf("found %d", code)
	}
	if code := runProbe(nil, io.Discard); code != exitUsage {
		t.Errorf("found %d", code)
	}
}

func TestARequestBeyondTheLimitIsRefused(t *testing.T) {
	small := func(read *settings) { read.messageBytes = 1 << 10 }
	_, err := serving(t, "cat", small).call(t.Context(), input+strings.Repeat("#", 2<<10))

	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("found %v", err)
	}
}

// started runs the server; its address, and what sends it SIGTERM.
func started(t *testing.T, server *exec.Cmd) (string, func()) {
	t.Helper()
	output, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill() })
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	port := regexp.MustCompile(`:(\d+)\n`).FindStringSubmatch(line)[1]
	return "127.0.0.1:" + port, func() { _ = server.Process.Signal(syscall.SIGTERM) }
}

func TestMostProcessorsAreLeftToTheFunction(t *testing.T) {
	for all, own := range map[int]int{1: 1, 2: 1, 4: 1, 8: 2, 64: 16} {
		if found := ownProcessors(all); found != own {
			t.Errorf("of %d processors the wrapper must use %d, found %d", all, own, found)
		}
	}
}
