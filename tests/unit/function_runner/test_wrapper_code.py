"""The wrapper's Go code follows the wire that the runner speaks; no Go is needed to see it."""

import pytest
from scripts import gowire
from scripts.wire import PROTO, SOURCE_ROOT

PROTO_TEXT = (SOURCE_ROOT / PROTO).read_text()
MESSAGES, SERVICE = gowire.MESSAGES.read_text(), gowire.SERVICE.read_text()


def test_the_code_is_made_from_the_proto() -> None:
    """The descriptor in it, its methods and its comments."""
    assert gowire.descriptor_in(MESSAGES).message_type[0].name == "EvaluateFunctionRequest"
    assert list(gowire.differences(PROTO_TEXT, messages=MESSAGES, service=SERVICE)) == []


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (r"resource_list\x18\x01", r"resource_list\x18\x03"),  # its number
        (r"\x01(\x05R\bexitCode", r"\x01(\x03R\bexitCode"),  # its type: int64
        (r"\x05image", r"\x05imago"),
        ("_rawDesc = ", "_raw = "),
    ],
)
def test_another_message_is_found(was: str, now: str) -> None:
    """A field that the other side reads as something else fails nowhere, and loses data."""
    other = MESSAGES.replace(was, now)
    found = list(gowire.differences(PROTO_TEXT, messages=other, service=SERVICE))

    assert other != MESSAGES
    assert found == ["evaluator.pb.go has another descriptor"]


def test_another_method_is_found() -> None:
    """Only a call would show it, in a pod."""
    other = SERVICE.replace("FunctionEvaluator/EvaluateFunction", "FunctionEvaluator/Evaluate")
    found = list(gowire.differences(PROTO_TEXT, messages=MESSAGES, service=other))

    assert found == ["evaluator_grpc.pb.go lacks the method 'EvaluateFunction'"]


def test_a_comment_that_was_changed_is_found() -> None:
    """It is the documentation of the code as well."""
    other = PROTO_TEXT.replace("// The exit code", "// The code")
    found = list(gowire.differences(other, messages=MESSAGES, service=SERVICE))

    assert found == [
        "evaluatorpb lacks the comment"
        " '// The code of the function; 128 + N when signal N ended it.'"
    ]
