package main

import (
	"context"
	"log/slog"
	"regexp"
	"strconv"

	"google.golang.org/grpc/metadata"
)

const traceKey = "traceparent"

// traceForm is version 00 of W3C's trace context, of which later versions only add to the end.
var traceForm = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)`)

// trace is the span of the caller, by which a line of our log is found beside it: the wrapper has no
// spans of its own, for it must stay small.
type trace struct {
	id        string // "" when there is none
	span      string
	isSampled bool
}

func traceOf(ctx context.Context) trace {
	for _, value := range metadata.ValueFromIncomingContext(ctx, traceKey) {
		if parts := traceForm.FindStringSubmatch(value); parts != nil {
			flags, err := strconv.ParseUint(parts[3], 16, 8)
			return trace{id: parts[1], span: parts[2], isSampled: err == nil && flags&1 == 1}
		}
	}
	return trace{}
}

// attributes are named as OpenTelemetry names them in logs.
func (t trace) attributes() []any {
	if t.id == "" {
		return nil
	}
	return []any{"trace_id", t.id, "span_id", t.span}
}

// level is that of a call that succeeded: told where somebody looks at its trace.
func (t trace) level() slog.Level {
	if t.isSampled {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
