// Package evaluatorpb is generated from operator/porch/functions/wire/evaluator.proto.
//
// From operator/, with protoc-gen-go and protoc-gen-go-grpc on PATH, and PROTO the path of that file
// below operator/:
//
//	python -m grpc_tools.protoc --proto_path=. --go_out=$OUT --go-grpc_out=$OUT \
//	    --go_opt=module=porch/wrapper,M$PROTO=porch/wrapper/evaluatorpb \
//	    --go-grpc_opt=module=porch/wrapper,M$PROTO=porch/wrapper/evaluatorpb $PROTO
package evaluatorpb
