"""delete-annotations: remove annotations from every item.

CATALOGUE  keys are taken with the blanks around them; of items that follow each other under one
           name only the first is counted; messages have the catalogue's spelling.
CORRECTED  blanks around keys do not count; every item counts.
"""

from porch.functions.builtin import krm, sdk_config
from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    about_item,
    done,
    error,
    failed,
    info,
)
from porch.kpt.annotations import annotation, remove_annotation
from porch.kpt.evaluate import FunctionOutput, ResultItem
from porch.kpt.yaml.node import Node

_KEYS = "annotationKeys"


def run(call: BuiltinCall) -> FunctionOutput:
    """Remove the configured annotations."""
    try:
        keys = _keys(call)
    except Rejected as refusal:
        return failed(call.items, [error(refusal.message)], stderr=refusal.stderr)
    results: list[ResultItem] = []
    changed: list[str] = []  # the name of each item that lost an annotation
    noun = "Annotation" if call.corrected else "Annonation"
    for item in filter(_is_complete, call.items):
        removed = [key for key in keys if _remove(item, key)]
        changed += [krm.name_of(item)] if removed else []
        results += [
            about_item(item, f"{noun}: [{key}] removed from resource: [{krm.name_of(item)}]")
            for key in removed
        ]
    if not results:
        return done(
            call.items, [info("None of the resources had the provided annotations to delete")]
        )
    count = len(changed) if call.corrected else _runs(changed)
    summary = info(f"The provided annotations were deleted from {count} resource(s)")
    return done(call.items, [summary, *results])


def _keys(call: BuiltinCall) -> list[str]:
    text = call.config.text("data", _KEYS) if call.config is not None else ""
    if call.corrected:
        keys = [key.strip() for key in text.split(",") if key.strip()]
    else:
        keys = text.strip().split(",") if text else []
    if not keys:
        message = f"{_KEYS} was not provided as part of the config or parameters to the function"
        raise Rejected(message, stderr=sdk_config.failure(message))
    return keys


def _is_complete(item: Node) -> bool:
    return bool(item.text("apiVersion") and item.text("kind") and krm.name_of(item))


def _remove(item: Node, key: str) -> bool:
    if annotation(item, key) is None:
        return False
    remove_annotation(item, key)
    return True


def _runs(names: list[str]) -> int:
    """How many there are when equal neighbours count once."""
    return sum(name != before for name, before in zip(names, ["", *names], strict=False))
