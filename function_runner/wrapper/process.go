package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// stderrBytes is how much of the end of a function's standard error is kept.
	stderrBytes = 1 << 20

	// pipesWithin bounds the wait for a process that left the group and holds our pipes.
	pipesWithin = time.Second

	noDescriptor = -1 // of a child, from a kernel that gives none

	signalExit = 128 // plus the number of the signal, as shells have it
)

var errTooMuchOutput = errors.New("more output than an answer may have")

// ending is what a process left.
type ending struct {
	exitCode int
	stdout   []byte
	stderr   []byte // its end

	starting time.Duration // until the program was started: the pod's part
	running  time.Duration // from then until it exited: the function's part
}

// run runs a command in a process group of its own, and leaves nothing of the group behind: not when
// it ends, not when ctx does, and not when it prints more than limit bytes.
//
// The error is for a process without an exit code: one that could not be started, or was stopped.
func run(ctx context.Context, command []string, input []byte, limit int) (ending, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout := &boundedBuffer{limit: limit, overflow: func() { cancel(errTooMuchOutput) }}
	stderr := &tailBuffer{limit: stderrBytes}

	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Stdin = bytes.NewReader(input)
	process.Stdout, process.Stderr = stdout, stderr
	descriptor := noDescriptor
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, PidFD: &descriptor}
	process.Cancel = func() error { return killGroup(process.Process.Pid) }
	process.WaitDelay = pipesWithin
	begun := time.Now()
	if err := process.Start(); err != nil {
		return ending{}, err
	}
	started := time.Now()
	group := process.Process.Pid
	awaitExit(group, descriptor)
	exited := time.Now()
	// The number of the group is taken for as long as its leader is not reaped, which Wait does.
	_ = killGroup(group)
	err := process.Wait()
	reapGroup(group)

	ended := ending{
		exitCode: exitCode(process.ProcessState.Sys().(syscall.WaitStatus)),
		stdout:   stdout.data,
		stderr:   stderr.Bytes(),
		starting: started.Sub(begun),
		running:  exited.Sub(started),
	}
	if cause := context.Cause(ctx); cause != nil {
		return ended, cause
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return ended, err
	}
	return ended, nil
}

func exitCode(state syscall.WaitStatus) int {
	if state.Signaled() {
		return signalExit + int(state.Signal())
	}
	return state.ExitStatus()
}

// adoptOrphans makes this process the parent of what a function's process leaves behind, as it is
// anyway when it is the first of its container; so it can be reaped.
func adoptOrphans() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// awaitExit waits for the end of a child without reaping it. Where the kernel gives a descriptor of
// the child the runtime's poller waits; else a thread does, which costs as much as the call itself.
func awaitExit(pid, descriptor int) {
	if descriptor == noDescriptor || !pollExit(pid, descriptor) {
		hasExited(pid, 0)
	}
}

// pollExit is awaitExit by the runtime's poller, and false where that cannot wait.
func pollExit(pid, descriptor int) bool {
	// The poller takes no descriptor that blocks.
	// NB: Wait has a duplicate, which does not block any more either: not before the child has exited.
	_ = unix.SetNonblock(descriptor, true)
	child := os.NewFile(uintptr(descriptor), "child")
	defer child.Close()
	polled, err := child.SyscallConn()
	return err == nil && polled.Read(func(uintptr) bool { return hasExited(pid, unix.WNOHANG) }) == nil
}

// hasExited tells whether a child has ended, and leaves it to be reaped.
func hasExited(pid, options int) bool {
	for {
		var found unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &found, unix.WEXITED|unix.WNOWAIT|options, nil)
		if !errors.Is(err, unix.EINTR) {
			return err != nil || found.Signo != 0
		}
	}
}

func killGroup(leader int) error {
	return unix.Kill(-leader, unix.SIGKILL)
}

// reapGroup waits for those of a killed group that have become our children.
func reapGroup(leader int) {
	for {
		_, err := unix.Wait4(-leader, nil, 0, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// boundedBuffer keeps what is written until it is too much, and says so.
type boundedBuffer struct {
	limit    int
	overflow func()
	data     []byte
}

func (b *boundedBuffer) Write(data []byte) (int, error) {
	if len(b.data)+len(data) > b.limit {
		b.overflow()
		return 0, errTooMuchOutput
	}
	b.data = append(b.data, data...)
	return len(data), nil
}

// tailBuffer keeps the end of what is written.
type tailBuffer struct {
	limit int
	data  []byte
}

func (b *tailBuffer) Write(data []byte) (int, error) {
	b.data = append(b.data, data...)
	if len(b.data) > 2*b.limit {
		b.data = append([]byte(nil), lastBytes(b.data, b.limit)...)
	}
	return len(data), nil
}

// Bytes is the end of what was written.
func (b *tailBuffer) Bytes() []byte {
	return lastBytes(b.data, b.limit)
}

func lastBytes(data []byte, count int) []byte {
	return data[max(0, len(data)-max(0, count)):]
}
