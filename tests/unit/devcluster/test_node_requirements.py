"""Whether a machine can run pods is known before anything is started, with the way to get there."""

from __future__ import annotations

import pytest

from porch_devcluster.errors import NodeUnavailable
from porch_devcluster.node import requirements


def test_a_node_needs_root() -> None:
    """The reason of a skipped test must be one that its reader can act on."""
    with pytest.raises(NodeUnavailable, match=r"needs root.*runs as user 1000"):
        requirements.check(user=lambda: 1000)


def test_a_missing_program_is_named_with_the_packages() -> None:
    """A command line that can be pasted, and the one of ours."""
    with pytest.raises(NodeUnavailable, match=r"'no-such-runtime'.*apt-get install .*containerd"):
        requirements.program("no-such-runtime")
