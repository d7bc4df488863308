// Command porch-devcluster is a whole Kubernetes control plane in one program.
//
// The first argument names the component; the rest are that component's own
// flags, unchanged:
//
//	porch-devcluster kube-apiserver --etcd-servers http://127.0.0.1:2379 ...
//
// One program instead of five keeps the build to a single link step and lets
// the processes share their read-only pages.
//
// PORCH_DEVCLUSTER_LIFELINE, when set, is the number of an inherited file
// descriptor, the read end of a pipe whose only write end belongs to the
// launcher. When the launcher is gone, however it died, the pipe ends and so
// does the component. (A parent-death signal would not do: Linux ties it to
// the thread that started the child, and test runners start from threads.)
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const lifelineVariable = "PORCH_DEVCLUSTER_LIFELINE"

// runners maps a component's name to a function that runs it to completion
// and returns its exit status. os.Args is already the component's own.
var runners = map[string]func() int{
	"etcd":                    runEtcd,
	"kube-apiserver":          command(apiserver.NewAPIServerCommand),
	"kube-controller-manager": command(controllermanager.NewControllerManagerCommand),
	"kube-scheduler":          command(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":                 command(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
}

func command(build func() *cobra.Command) func() int {
	return func() int { return cli.Run(build()) }
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
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
		fmt.Fprintln(os.Stderr, "the launcher is gone: exiting")
		os.Exit(1)
	}()
	return nil
}

func main() {
	if len(os.Args) > 1 {
		if run, known := runners[os.Args[1]]; known {
			if err := endWithLauncher(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
			os.Args = os.Args[1:]
			os.Exit(run())
		}
	}
	var names []string
	for name := range runners {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintf(os.Stderr, "usage: porch-devcluster %s [flags]\n", strings.Join(names, "|"))
	os.Exit(2)
}
