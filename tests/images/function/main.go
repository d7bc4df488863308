// Command function is a KRM function that does as its arguments say, for tests with real pods. It is
// static, so that an image needs nothing but it:
//
//	function pass             prints its input
//	function sleep DURATION   does so after a while
//	function fail             prints a result of severity error, complains, and exits with 1
//	function exit CODE        complains and exits, without any output
//	function say NAME...      prints these variables of its environment, its user and its folder
//	function hog MEBIBYTES    takes that much memory, then prints its input
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	name, rest := arguments[0], arguments[1:]
	switch name {
	case "pass":
	case "sleep":
		duration, err := time.ParseDuration(rest[0])
		if err != nil {
			return err
		}
		time.Sleep(duration)
	case "fail":
		fmt.Print("kind: ResourceList\nresults:\n- {message: it must not be so, severity: error}\n")
		return fmt.Errorf("the function complains")
	case "exit":
		code, err := strconv.Atoi(rest[0])
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "the function gives up")
		os.Exit(code)
	case "say":
		return say(rest)
	case "hog":
		size, err := strconv.Atoi(rest[0])
		if err != nil {
			return err
		}
		hog(size << 20)
	default:
		return fmt.Errorf("unknown behaviour %q", name)
	}
	_, err = os.Stdout.Write(input)
	return err
}

// say prints a ResourceList whose results tell about the process.
func say(names []string) error {
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	fmt.Printf("kind: ResourceList\nresults:\n- message: user=%d\n- message: folder=%s\n",
		os.Getuid(), folder)
	for _, name := range names {
		fmt.Printf("- message: %s=%s\n", name, os.Getenv(name))
	}
	return nil
}

// hog touches every page, or the kernel would not give the memory.
func hog(size int) {
	const pageBytes = 4096
	memory := make([]byte, size)
	for at := 0; at < size; at += pageBytes {
		memory[at] = 1
	}
	fmt.Fprintln(os.Stderr, "touched", len(memory))
}
