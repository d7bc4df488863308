"""Speed of upgrades: a package of many small files of which upstream changed some.

Run as `python -m bench.bench_merge`. Each time is the best of several runs on one core.
"""

from bench.bench_kpt import CORPUS, best
from bench.recording import write
from bench.results import Result
from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.merge.sides import Three
from porch.kpt.merge.upgrade import Strategy, upgrade
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.parse import Document, parse

FILES = 200
CHANGED = 5  # each fifth document is changed upstream
RUNS = 7
KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: bench\n"


def main() -> None:
    """Measure everything and write bench/results/merge.json."""
    write("merge", [*merging(), marking()])


def merging() -> list[Result]:
    clean, edited = sides(is_edited=False), sides(is_edited=True)
    case = f"upgrade of {FILES} files, {size(clean.original) // 1000} kB, 1 in {CHANGED} changed"
    return [
        Result(case, "local is a marked clone", seconds(clean), "s", 0.25),
        Result(case, "local is changed in each file", seconds(edited), "s", 0.25),
        Result(case, "as kpt does it, to the byte", seconds(edited, Compatibility.KPT), "s"),
    ]


def marking() -> Result:
    original = sides(is_edited=False).original
    case = f"marking of {FILES} files, {size(original) // 1000} kB"
    return Result(case, "all are new", best(lambda: ensure_merge_keys(original), RUNS), "s")


def seconds(given: Three[Content], mode: Compatibility = Compatibility.DEFAULT) -> float:
    return best(lambda: upgrade(*given, strategy=Strategy.RESOURCE_MERGE, mode=mode), RUNS)


def sides(*, is_edited: bool) -> Three[Content]:
    """A package, what upstream has become, and a clone of it in which people changed things."""
    documents = parse(CORPUS.read_text())[:FILES]
    original = package(documents)
    local = package([changed(each, "local") for each in documents] if is_edited else documents)
    updated = package(
        [each if n % CHANGED else changed(each, "upstream") for n, each in enumerate(documents)]
    )
    return Three(original, updated, ensure_merge_keys(local))


def package(documents: list[Document]) -> Content:
    files = {f"resource-{number:03}.yaml": emit([each]) for number, each in enumerate(documents)}
    return Content.from_texts({"Kptfile": KPTFILE} | files)


def changed(document: Document, who: str) -> Document:
    """A document with one more label."""
    root = document.root.clone()
    root.child("metadata").child("labels").set(who, "changed")
    return Document(root, document.wide)


def size(content: Content) -> int:
    return sum(len(file.data or b"") for file in content.values())


if __name__ == "__main__":
    main()
