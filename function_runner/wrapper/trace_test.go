package main

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"google.golang.org/grpc/metadata"
)

const (
	sampledTrace   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	unsampledTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
)

// logged is what the log says of one call whose caller sends this context of a trace.
func logged(t *testing.T, script, traceparent string) []byte {
	t.Helper()
	var log bytes.Buffer
	wanted := settings{messageBytes: defaultMessageBytes, command: []string{"/bin/sh", "-c", script}}
	function := servingAndLogging(t, wanted, &log)
	ctx := metadata.AppendToOutgoingContext(t.Context(), traceKey, traceparent)
	// The line is written before the answer is sent.
	_, _ = function.call(ctx, input)
	return log.Bytes()
}

func TestACallOfASampledTraceIsToldWithItsTimes(t *testing.T) {
	var line struct {
		TraceID  string  `json:"trace_id"`
		SpanID   string  `json:"span_id"`
		Image    string  `json:"image"`
		Whole    float64 `json:"milliseconds"`
		Starting float64 `json:"starting_milliseconds"`
		Running  float64 `json:"running_milliseconds"`
	}
	if err := json.Unmarshal(logged(t, "sleep 0.1; cat", sampledTrace), &line); err != nil {
		t.Fatal(err)
	}

	if line.TraceID != "0af7651916cd43dd8448eb211c80319c" || line.SpanID != "b7ad6b7169203331" ||
		line.Image != image {
		t.Errorf("found %+v", line)
	}
	if line.Running < 100 || line.Starting <= 0 || line.Whole < line.Starting+line.Running {
		t.Errorf("the times must be those of the function, found %+v", line)
	}
}

func TestACallThatNobodyLooksAtIsNotTold(t *testing.T) {
	for _, traceparent := range []string{"", unsampledTrace, "00-what-is-it-01"} {
		if found := logged(t, "cat", traceparent); len(found) > 0 {
			t.Errorf("a call with %q must leave no line, found %s", traceparent, found)
		}
	}
}

func TestAFailureIsToldWithTheTraceOfItsCaller(t *testing.T) {
	found := logged(t, failing, unsampledTrace)

	if !bytes.Contains(found, []byte(`"trace_id":"0af7651916cd43dd8448eb211c80319c"`)) {
		t.Errorf("found %s", found)
	}
}

func TestALaterVersionOfTheContextIsRead(t *testing.T) {
	ctx := metadata.NewIncomingContext(context.Background(),
		metadata.Pairs(traceKey, "01"+sampledTrace[2:]+"-more"))

	if found := traceOf(ctx); found.span != "b7ad6b7169203331" || !found.isSampled {
		t.Errorf("found %+v", found)
	}
}
