// Command wrapper-server runs inside the pod of a KRM function and answers gRPC calls by running the
// function's own program, one process for each call:
//
//	wrapper-server [--port 9446] [--max-request-body-size 6291456] [--verbosity 2] -- PROGRAM [ARGS]
//
// The same static program also answers to two other names, so that an image with nothing else in it
// can place and probe it in any other image, one without a shell included:
//
//	cp -a DIRECTORY/. TARGET      what the init container of a function's pod runs
//	grpc-health-probe -addr ADDR  what the probes of existing pod templates run
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	defaultPort         = 9446
	defaultMessageBytes = 6 << 20

	exitUsage = 2
)

func main() {
	arguments := os.Args[1:]
	switch filepath.Base(os.Args[0]) {
	case "cp":
		os.Exit(runCopy(arguments, os.Stderr))
	case "grpc-health-probe":
		os.Exit(runProbe(arguments, os.Stderr))
	default:
		os.Exit(runServer(arguments, os.Stderr))
	}
}

// settings are the flags of the server; the rest of its arguments is the function's command.
type settings struct {
	port         int
	messageBytes int
	verbosity    int
	command      []string
}

func parseSettings(arguments []string, complaints io.Writer) (settings, error) {
	var read settings
	flags := flag.NewFlagSet("wrapper-server", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.IntVar(&read.port, "port", defaultPort, "port of the gRPC service; 0 takes any free one")
	flags.IntVar(&read.messageBytes, "max-request-body-size", defaultMessageBytes,
		"most bytes of a request and of an answer")
	flags.IntVar(&read.verbosity, "verbosity", 2,
		"0 and 1 log failures of ours, 2 and 3 those of functions, 4 and 5 each call")
	if err := flags.Parse(arguments); err != nil {
		return settings{}, err
	}
	read.command = flags.Args()
	if len(read.command) == 0 {
		err := fmt.Errorf("the function's command must follow `--`, found none: " +
			"the image needs an entrypoint or a command")
		fmt.Fprintln(complaints, err)
		return settings{}, err
	}
	if read.messageBytes <= 0 {
		err := fmt.Errorf("--max-request-body-size must be positive, found %d", read.messageBytes)
		fmt.Fprintln(complaints, err)
		return settings{}, err
	}
	return read, nil
}
