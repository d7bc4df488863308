package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"porch/wrapper/evaluatorpb"
)

const (
	image = "registry.example/set-labels:v0.1.5"
	input = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [] # kept\n"

	failing = `cat > /dev/null
cat <<'EOF'
kind: ResourceList
results:
- message: must have a namespace
  severity: error
  resourceRef: {apiVersion: v1, kind: Pod, name: web}
  field: {path: metadata.namespace, currentValue: {a: 1}, proposedValue: 7}
- message: looked at one object
EOF
echo 'no namespace' >&2
exit 3`

	soon = 10 * time.Second
)

func TestMain(m *testing.M) {
	if err := adoptOrphans(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// serving answers calls with a shell script in the place of a function.
func serving(t *testing.T, script string, change ...func(*settings)) *client {
	t.Helper()
	return servingCommand(t, []string{"/bin/sh", "-c", script}, change...)
}

func servingCommand(t *testing.T, command []string, change ...func(*settings)) *client {
	t.Helper()
	wanted := settings{messageBytes: defaultMessageBytes, command: command}
	for _, each := range change {
		each(&wanted)
	}
	return servingAndLogging(t, wanted, io.Discard)
}

func servingAndLogging(t *testing.T, wanted settings, to io.Writer) *client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(wanted, &healthState{}, slog.New(slog.NewJSONHandler(to, nil)))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return connected(t, listener.Addr().String())
}

func connected(t *testing.T, address string) *client {
	t.Helper()
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return &client{evaluatorpb.NewFunctionEvaluatorClient(connection)}
}

type client struct {
	wire evaluatorpb.FunctionEvaluatorClient
}

func (c *client) call(ctx context.Context, text string) (*evaluatorpb.EvaluateFunctionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	request := &evaluatorpb.EvaluateFunctionRequest{ResourceList: []byte(text), Image: image}
	return c.wire.EvaluateFunction(ctx, request)
}

// refused is the status of a call that must fail.
func (c *client) refused(t *testing.T, ctx context.Context) *status.Status {
	t.Helper()
	answer, err := c.call(ctx, input)
	if err == nil {
		t.Fatalf("the call must fail, answered %q", answer.GetResourceList())
	}
	return status.Convert(err)
}

func details(t *testing.T, refused *status.Status) *evaluatorpb.FailedEvaluation {
	t.Helper()
	for _, detail := range refused.Details() {
		if found, ok := detail.(*evaluatorpb.FailedEvaluation); ok {
			return found
		}
	}
	t.Fatalf("a FailedEvaluation must be among the details, found %v", refused.Details())
	return nil
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s must come true within %s", what, soon)
		}
	}
}

func isGone(pid int) bool { return unix.Kill(pid, 0) == unix.ESRCH }

// pidIn reads the process number that a function wrote to a file.
func pidIn(t *testing.T, path string) int {
	t.Helper()
	var pid int
	eventually(t, "a process number in "+path, func() bool {
		text, _ := os.ReadFile(path)
		number, err := strconv.Atoi(strings.TrimSpace(string(text)))
		pid = number
		return err == nil
	})
	return pid
}

func TestTheOutputIsHandedOnAsItIs(t *testing.T) {
	answer, err := serving(t, "cat; echo hello >&2").call(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}

	if string(answer.GetResourceList()) != input || string(answer.GetLog()) != "hello\n" {
		t.Errorf("found %q and log %q", answer.GetResourceList(), answer.GetLog())
	}
}

func TestErrorsInResultsDoNotFailAFunctionThatSucceeded(t *testing.T) {
	script := strings.Replace(failing, "exit 3", "exit 0", 1)
	answer, err := serving(t, script).call(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}

	if !bytes.Contains(answer.GetResourceList(), []byte("must have a namespace")) {
		t.Errorf("found %q", answer.GetResourceList())
	}
}

func TestAFailureTellsResultsAndStandardError(t *testing.T) {
	refused := serving(t, failing).refused(t, t.Context())

	want := `failed to evaluate function "` + image + `" with structured results: ` +
		"[error] v1/Pod/web metadata.namespace: must have a namespace\n\n" +
		"[info]: looked at one object and stderr: no namespace\n"
	if refused.Code() != codes.Internal || refused.Message() != want {
		t.Errorf("found %s %q", refused.Code(), refused.Message())
	}
}

func TestAFailureCarriesItsResultsForPrograms(t *testing.T) {
	found := details(t, serving(t, failing).refused(t, t.Context()))

	want := `[{"message":"must have a namespace","severity":"error",` +
		`"resourceRef":{"apiVersion":"v1","kind":"Pod","name":"web"},` +
		`"field":{"path":"metadata.namespace","currentValue":"{\"a\":1}","proposedValue":"7"}},` +
		`{"message":"looked at one object"}]`
	if string(found.GetResults()) != want || found.GetExitCode() != 3 {
		t.Errorf("found exit code %d, results %s", found.GetExitCode(), found.GetResults())
	}
	if string(found.GetLog()) != "no namespace\n" {
		t.Errorf("found log %q", found.GetLog())
	}
}

func TestAFunctionThatPrintsNoResourceListFails(t *testing.T) {
	for name, script := range map[string]string{
		"after success": "echo hello; echo why >&2",
		"after failure": "echo hello; echo why >&2; exit 2",
		"killed":        "echo why >&2; kill -KILL $$",
	} {
		t.Run(name, func(t *testing.T) {
			refused := serving(t, script).refused(t, t.Context())

			begin := `failed to parse the output of function "` + image + "\" with stderr 'why\n': "
			if refused.Code() != codes.Internal || !strings.HasPrefix(refused.Message(), begin) {
				t.Errorf("found %s %q", refused.Code(), refused.Message())
			}
		})
	}
}

func TestAKilledFunctionHasTheExitCodeOfItsSignal(t *testing.T) {
	found := details(t, serving(t, "kill -KILL $$").refused(t, t.Context()))

	if found.GetExitCode() != 137 {
		t.Errorf("found %d", found.GetExitCode())
	}
}

func TestAProgramThatIsNotThereIsNamed(t *testing.T) {
	refused := servingCommand(t, []string{"/no/such/program"}).refused(t, t.Context())

	begin := `Failed to execute function "` + image + `": fork/exec /no/such/program`
	if refused.Code() != codes.Internal || !strings.HasPrefix(refused.Message(), begin) {
		t.Errorf("found %s %q", refused.Code(), refused.Message())
	}
}

func TestACancelledCallLeavesNoProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	function := serving(t, fmt.Sprintf("sleep 600 & echo $! > %s; sleep 600", file))
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan error)
	go func() {
		_, err := function.call(ctx, input)
		answered <- err
	}()
	pid := pidIn(t, file)
	cancel()

	if code := status.Code(<-answered); code != codes.Canceled {
		t.Errorf("found %s", code)
	}
	eventually(t, "the end of the function's child", func() bool { return isGone(pid) })
}

func TestAFunctionLeavesNoProcessBehind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	script := fmt.Sprintf("(sleep 600 & echo $! > %s.new; mv %s.new %s); cat", file, file, file)
	started := time.Now()
	_, err := serving(t, script).call(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}

	if pid := pidIn(t, file); !isGone(pid) {
		t.Errorf("process %d must be gone with the answer", pid)
	}
	if took := time.Since(started); took > soon/2 {
		t.Errorf("the answer must not wait for what is left, took %s", took)
	}
}

func TestTooMuchOutputIsRefusedAsItComes(t *testing.T) {
	small := func(read *settings) { read.messageBytes = 64 << 10 }
	refused := serving(t, "cat > /dev/null; yes", small).refused(t, t.Context())

	if refused.Code() != codes.ResourceExhausted ||
		!strings.Contains(refused.Message(), "at most 65536 bytes") {
		t.Errorf("found %s %q", refused.Code(), refused.Message())
	}
}

func TestTheLogGivesWayToTheOutput(t *testing.T) {
	small := func(read *settings) { read.messageBytes = 4 << 10 }
	answer, err := serving(t, "cat; yes | head -c 9000 >&2; echo end >&2", small).
		call(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}

	if string(answer.GetResourceList()) != input || !bytes.HasSuffix(answer.GetLog(), []byte("end\n")) {
		t.Errorf("found %q and log %q", answer.GetResourceList(), answer.GetLog())
	}
}

func TestAFunctionNeedNotReadItsInput(t *testing.T) {
	large := input + strings.Repeat("# filler\n", 100_000)
	answer, err := serving(t, "echo 'kind: ResourceList'").call(t.Context(), large)
	if err != nil {
		t.Fatal(err)
	}

	if string(answer.GetResourceList()) != "kind: ResourceList\n" {
		t.Errorf("found %q", answer.GetResourceList())
	}
}

func TestCallsRunBesideEachOther(t *testing.T) {
	// Each waits for the other, so that one after the other they would never end.
	folder := t.TempDir()
	script := fmt.Sprintf(`cat; : > %s/$$; until [ $(ls %s | wc -l) -ge 2 ]; do sleep 0.01; done`,
		folder, folder)
	function := serving(t, script)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := function.call(t.Context(), input); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
}

func TestDetailsAreCutToWhatTheCallerTakes(t *testing.T) {
	script := `cat > /dev/null; echo 'kind: ResourceList'; echo 'results:'
for i in $(seq 200); do echo "- {message: result number $i of a good many}"; done
yes | head -c 9000 >&2; exit 1`
	function := serving(t, script)
	few := details(t, function.refused(t, t.Context()))
	roomy := metadata.AppendToOutgoingContext(t.Context(), detailsBytesKey, "65536")
	all := details(t, function.refused(t, roomy))

	if all.GetOmittedResults() != 0 || len(all.GetLog()) != 9000 {
		t.Errorf("found %d omitted, %d of log", all.GetOmittedResults(), len(all.GetLog()))
	}
	if few.GetOmittedResults() == 0 || len(few.GetResults())+len(few.GetLog()) > defaultDetailsBytes {
		t.Errorf("found %d omitted, %d bytes", few.GetOmittedResults(), len(few.GetResults()))
	}
}

func TestALongTextKeepsItsBeginningAndItsEnd(t *testing.T) {
	text := boundedText("begin " + strings.Repeat("é", textBytes) + " end")

	if sentBytes(text) > textBytes || !strings.HasPrefix(text, "begin é") ||
		!strings.HasSuffix(text, "é end") {
		t.Errorf("found %d bytes: %q", sentBytes(text), text)
	}
}
