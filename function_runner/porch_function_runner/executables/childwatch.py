"""How the event loop learns of the end of programs."""

import asyncio
import os
import sys


def wait_without_threads() -> None:
    """Learn of it by file descriptors, as later versions of Python do anyway; before any loop runs.

    A thread for each program costs more than all else that the loop does for one.
    """
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
