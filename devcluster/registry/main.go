// Command porch-registry is a registry of images for demos and tests: what is pushed stays in memory.
//
//	porch-registry [--listen 127.0.0.1:0] [--tls-certificate FILE --tls-key FILE]
//	               [--users FILE [--tokens]]
//
// It prints its address once it listens. With --users a name and a password of that file (a line each,
// NAME:PASSWORD, read anew for every request) are wanted; with --tokens they are wanted by /token
// alone, which hands out a token for what was asked, as large registries do.
//
// PORCH_DEVCLUSTER_LIFELINE works as in the control plane's program.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

const (
	lifelineVariable = "PORCH_DEVCLUSTER_LIFELINE"

	readHeadersWithin = 10 * time.Second
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address; port 0 takes any free one")
	certificate := flag.String("tls-certificate", "", "PEM file; with --tls-key HTTPS is served")
	key := flag.String("tls-key", "", "PEM file")
	users := flag.String("users", "", "file with a line NAME:PASSWORD for each user")
	tokens := flag.Bool("tokens", false, "want a token of /token, instead of the password itself")
	lifetime := flag.Duration("token-lifetime", time.Minute, "how long a token is good")
	flag.Parse()

	if err := endWithLauncher(); err != nil {
		log.Fatal(err)
	}
	handler := registry.New()
	switch {
	case *users != "" && *tokens:
		handler = withTokens(handler, userFile(*users), *lifetime)
	case *users != "":
		handler = withPasswords(handler, userFile(*users))
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	server := http.Server{Handler: handler, ReadHeaderTimeout: readHeadersWithin}
	if *certificate != "" {
		log.Fatal(server.ServeTLS(listener, *certificate, *key))
	}
	log.Fatal(server.Serve(listener))
}

// endWithLauncher exits the process once nobody holds the lifeline's other end.
func endWithLauncher() error {
	value := os.Getenv(lifelineVariable)
	if value == "" {
		return nil
	}
	descriptor, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Errorf("%s must be a file descriptor's number, found %q", lifelineVariable, value)
	}
	lifeline := os.NewFile(uintptr(descriptor), "lifeline")
	go func() {
		_, _ = io.Copy(io.Discard, lifeline)
		os.Exit(1)
	}()
	return nil
}
