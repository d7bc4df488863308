package main

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAKernelWithoutDescriptorsOfProcessesWillDo(t *testing.T) {
	child := exec.Command("/bin/sh", "-c", "sleep 0.1")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	awaitExit(child.Process.Pid, noDescriptor)

	if !hasExited(child.Process.Pid, unix.WNOHANG) {
		t.Error("the child must have exited")
	}
	if err := child.Wait(); err != nil {
		t.Errorf("the child must be left to be reaped, found %v", err)
	}
}
