"""A process that publishes once and says when it is done; tests kill it before that.

Run as `python publisher.py URL CACHE TEXT [EXPECTED]`, for revision v1 of package net/vpc.
"""

import asyncio
import sys
from pathlib import Path

from porch.kpt.content import Content
from porch.storage.adapter import Identity, Publish, RevisionId, Task, Version
from porch.storage.git.clones import Clones
from porch.storage.git.layout import Layout
from porch.storage.git.remote import Access


async def main() -> None:
    """Publish, and print the outcome."""
    url, cache, text, *rest = sys.argv[1:]
    clones = Clones(Path(cache))
    repository = await clones.open(url, Layout(branch="main", directory=""), Access())
    content = Content.from_texts({"Kptfile": "kind: Kptfile\n", "cm.yaml": f"data: {text}\n"})
    outcome = await repository.apply(
        Publish(
            RevisionId("net/vpc", "v1"),
            content,
            Task("init", {"description": "a package"}),
            Identity("admin", "admin@example.com"),
            Version(rest[0]) if rest else None,
        )
    )
    print(outcome, flush=True)  # noqa: T201 - what the test waits for
    await repository.close()
    await clones.close()


if __name__ == "__main__":
    asyncio.run(main())
