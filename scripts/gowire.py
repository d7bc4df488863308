"""The wrapper's Go code of evaluator.proto: generated with Go's own plugins, checked without Go.

The generated code holds the descriptor and the comments that it was made from, and the paths of the
methods: those are compared with what is there now, so that no machine needs Go for it.
"""

import codecs
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_tools import protoc  # type: ignore[import-untyped]  # it ships no types

from porch.functions.wire import evaluator_pb2
from porch_devcluster.build import WRAPPER
from porch_devcluster.goprogram import go_for
from porch_devcluster.progress import progress_for_this_output

FOLDER = WRAPPER.module / "evaluatorpb"
MESSAGES, SERVICE = FOLDER / "evaluator.pb.go", FOLDER / "evaluator_grpc.pb.go"

_PLUGINS = {
    "go": "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12",
    "go-grpc": "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2",
}
_MODULE = "porch/wrapper"
_LITERAL = r'"((?:[^"\\]|\\.)*)"'
_DESCRIPTOR = re.compile(rf"_rawDesc = (?:{_LITERAL}[\s+]*)+")


def generate(source_root: Path, proto: Path) -> None:
    """Write the code of a proto, whose path is below a source root."""
    go = go_for(WRAPPER.module, progress_for_this_output())
    with tempfile.TemporaryDirectory() as folder:
        for plugin in _PLUGINS.values():
            environment = os.environ | {"GOBIN": folder}
            subprocess.run([str(go), "install", plugin], env=environment, cwd="/", check=True)
        command = ["protoc", f"--proto_path={source_root}"]
        for name in _PLUGINS:
            package = f"M{proto}={_MODULE}/{FOLDER.name}"
            command += [
                f"--plugin=protoc-gen-{name}={folder}/protoc-gen-{name}",
                f"--{name}_out={WRAPPER.module}",
                f"--{name}_opt=module={_MODULE},{package}",
            ]
        if code := protoc.main([*command, str(proto)]):
            sys.exit(f"Go's plugins must accept {proto}, found exit code {code}")


def differences(proto: str, *, messages: str, service: str) -> Iterator[str]:
    """What the code was not made from, given the text of the proto that it must follow."""
    if descriptor_in(messages) != _plain(evaluator_pb2.DESCRIPTOR.serialized_pb):
        yield f"{MESSAGES.name} has another descriptor"
    for each in evaluator_pb2.DESCRIPTOR.services_by_name.values():
        for method in each.methods:
            if f'"/{each.full_name}/{method.name}"' not in service:
                yield f"{SERVICE.name} lacks the method {method.name!r}"
    comments = (line.strip() for line in proto.splitlines() if line.lstrip().startswith("//"))
    for comment in comments:
        if comment not in messages + service:
            yield f"{FOLDER.name} lacks the comment {comment!r}"


def descriptor_in(code: str) -> FileDescriptorProto:
    """The descriptor that generated code holds; an empty one when there is none."""
    found = _DESCRIPTOR.search(code)
    literals = re.findall(_LITERAL, found[0]) if found else []
    raw = b"".join(codecs.escape_decode(each.encode())[0] for each in literals)
    return _plain(raw)


def _plain(raw: bytes) -> FileDescriptorProto:
    """A descriptor without what follows from the rest and is not written by every generator."""
    descriptor = FileDescriptorProto.FromString(raw)
    for message in descriptor.message_type:
        for field in message.field:
            field.ClearField("json_name")
    return descriptor
