"""Outputs of functions that were written on the older framework. Pure.

Such a function prints its error on stderr as well and puts it in its results.
"""

from porch.functions.builtin.contract import error, failed
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node


def failed_legacy(items: list[Node], message: str) -> FunctionOutput:
    """The output of a failure with one error result."""
    return failed(items, [error(message)], stderr=message)
