"""What every child process of ours does first: keep answers apart, and not outlive its parent."""

import ctypes
import os
import signal
import sys
from typing import BinaryIO

_PR_SET_PDEATHSIG = 1


def private_stdout() -> BinaryIO:
    """Standard output under another descriptor, so that nothing printed can get into an answer."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def die_with_parent(parent: int) -> None:
    """Have the kernel kill us when process `parent` ends; Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)
