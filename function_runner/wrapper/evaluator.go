package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"porch/wrapper/evaluatorpb"
)

// framingBytes is more than the two fields of an answer need beside their content.
const framingBytes = 32

// evaluator answers calls by running the function's command.
type evaluator struct {
	evaluatorpb.UnimplementedFunctionEvaluatorServer

	command     []string
	answerBytes int // most bytes of an answer
	log         *slog.Logger
}

// EvaluateFunction runs the function once. Exit code 0 with a ResourceList on standard output is
// success, whatever the severity of its results.
func (e *evaluator) EvaluateFunction(
	ctx context.Context, request *evaluatorpb.EvaluateFunctionRequest,
) (*evaluatorpb.EvaluateFunctionResponse, error) {
	started := time.Now()
	ended, err := run(ctx, e.command, request.GetResourceList(), e.answerBytes-framingBytes)
	caller := traceOf(ctx)
	log := e.log.With(caller.attributes()...).With("image", request.GetImage(),
		"milliseconds", milliseconds(time.Since(started)),
		"starting_milliseconds", milliseconds(ended.starting),
		"running_milliseconds", milliseconds(ended.running))
	if err != nil {
		log.Info("the function did not end", "error", err)
		return nil, e.notEnded(ctx, request.GetImage(), ended, err)
	}
	list, err := parseResourceList(ended.stdout)
	switch {
	case err != nil:
		log.Info("the function printed no ResourceList", "exit", ended.exitCode, "error", err)
		return nil, unreadable(request.GetImage(), ended, err).with(ctx)
	case ended.exitCode != 0:
		log.Info("the function failed", "exit", ended.exitCode)
		return nil, failed(request.GetImage(), ended, list.Results).with(ctx)
	case hasErrors(list.Results):
		log.Info("the function succeeded with errors in its results", "results", list.Results)
	default:
		log.Log(ctx, caller.level(), "the function succeeded", "bytes", len(ended.stdout))
	}
	room := e.answerBytes - framingBytes - len(ended.stdout)
	return &evaluatorpb.EvaluateFunctionResponse{
		ResourceList: ended.stdout,
		Log:          lastBytes(ended.stderr, room),
	}, nil
}

// notEnded tells why there is no exit code.
func (e *evaluator) notEnded(ctx context.Context, image string, ended ending, err error) error {
	switch {
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	case errors.Is(err, errTooMuchOutput):
		return status.Errorf(codes.ResourceExhausted,
			"the output of function %q must have at most %d bytes: raise --max-request-body-size",
			image, e.answerBytes)
	default:
		return notStarted(image, ended, err).with(ctx)
	}
}

func milliseconds(span time.Duration) float64 {
	return float64(span.Microseconds()) / 1000
}
