package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"porch/wrapper/evaluatorpb"
)

// Trailing metadata is small by default, for a client of gRPC's C core takes 8 KiB of it. A caller
// that can take more of a failure's details says so in its request's metadata.
const (
	detailsBytesKey     = "porch-details-bytes"
	defaultDetailsBytes = 2 << 10
	mostDetailsBytes    = 256 << 10

	detailFraming = 128 // more than the type and the lengths of a detail need

	textBytes = 2 << 10 // of the error's text, as it is sent
	textCut   = " […] "
)

// failure is a function that did not succeed, in text for people and as values for programs.
type failure struct {
	text   string
	values *evaluatorpb.FailedEvaluation
	parts  []functionResult
}

// The three texts begin as existing callers expect it.

func notStarted(image string, ended ending, err error) failure {
	text := fmt.Sprintf("Failed to execute function %q: %v (%s)", image, err, ended.stderr)
	return failure{text: text, values: values(ending{exitCode: 1, stderr: ended.stderr})}
}

func unreadable(image string, ended ending, err error) failure {
	text := fmt.Sprintf("failed to parse the output of function %q with stderr '%s': %v",
		image, ended.stderr, err)
	if ended.exitCode != 0 {
		text += fmt.Sprintf(" (exit code %d)", ended.exitCode)
	}
	return failure{text: text, values: values(ended)}
}

func failed(image string, ended ending, results []functionResult) failure {
	text := fmt.Sprintf(
		"failed to evaluate function %q with structured results: %s and stderr: %s",
		image, resultsText(results), ended.stderr)
	return failure{text: text, values: values(ended), parts: results}
}

func values(ended ending) *evaluatorpb.FailedEvaluation {
	return &evaluatorpb.FailedEvaluation{ExitCode: int32(ended.exitCode), Log: ended.stderr}
}

// with is the failure as a status, its details cut to what the caller of ctx takes.
func (f failure) with(ctx context.Context) error {
	plain := status.New(codes.Internal, boundedText(f.text))
	detailed, err := plain.WithDetails(f.bounded(plain, detailsBytes(ctx)))
	if err != nil {
		return plain.Err()
	}
	return detailed.Err()
}

// bounded keeps as many results, and then as much of the end of the log, as fit.
func (f failure) bounded(plain *status.Status, limit int) *evaluatorpb.FailedEvaluation {
	room := limit - proto.Size(plain.Proto()) - detailFraming
	var encoded []json.RawMessage
	for _, part := range f.parts {
		// A result consists of texts and numbers alone, which always encode.
		text, _ := json.Marshal(part)
		if room -= len(text) + 1; room < 0 {
			break
		}
		encoded = append(encoded, text)
	}
	if len(encoded) > 0 {
		f.values.Results, _ = json.Marshal(encoded)
	}
	f.values.OmittedResults = int32(len(f.parts) - len(encoded))
	f.values.Log = lastBytes(f.values.Log, room)
	return f.values
}

// detailsBytes is how large the details may be, as the caller says.
func detailsBytes(ctx context.Context) int {
	for _, value := range metadata.ValueFromIncomingContext(ctx, detailsBytesKey) {
		if count, err := strconv.ParseUint(value, 10, 31); err == nil {
			return min(int(count), mostDetailsBytes)
		}
	}
	return defaultDetailsBytes
}

// boundedText cuts a text in its middle: the names are at its beginning, and what the function said
// last is at its end.
func boundedText(text string) string {
	if sentBytes(text) <= textBytes {
		return text
	}
	half := (textBytes - sentBytes(textCut)) / 2
	return head(text, half) + textCut + tail(text, half)
}

func head(text string, limit int) string {
	sent := 0
	for at, char := range text {
		if sent += sentBytes(string(char)); sent > limit {
			return text[:at]
		}
	}
	return text
}

func tail(text string, limit int) string {
	sent, at := 0, len(text)
	for at > 0 {
		char, size := utf8.DecodeLastRuneInString(text[:at])
		if sent += sentBytes(string(char)); sent > limit {
			break
		}
		at -= size
	}
	return text[at:]
}

// sentBytes is the length of a text in a header, where some bytes take three.
func sentBytes(text string) int {
	count := 0
	for at := range len(text) {
		if char := text[at]; char < ' ' || char > '~' || char == '%' {
			count += 2
		}
		count++
	}
	return count
}
