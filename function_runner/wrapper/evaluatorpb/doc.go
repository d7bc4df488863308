// Package evaluatorpb is generated from operator/porch/functions/wire/evaluator.proto by `make wire`.
package evaluatorpb
