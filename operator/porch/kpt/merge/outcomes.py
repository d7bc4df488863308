"""What becomes of one document that is on one, two or all sides.

Pure.
Outcome   original  updated  local
             any       -       -    nothing
              -        x       -    updated
              -        -       x    local
              x        -       x    nothing if local changed nothing, else local and a conflict
              x        x       -    nothing; a conflict if updated changed something
            -, x       x       x    the merge of fields
The marks that a clone sets are no change.
"""

from collections.abc import Callable

from porch.kpt.merge.conflicts import Conflict, Taken
from porch.kpt.merge.documents import MergeDocument
from porch.kpt.merge.fields import FieldConflict, merge_fields, shown
from porch.kpt.merge.identity import unmarked
from porch.kpt.merge.matching import Match
from porch.kpt.merge.sameness import same_text
from porch.kpt.merge.schemas import Schemas
from porch.kpt.merge.sides import Three
from porch.kpt.yaml.aliases import expanded, has_aliases
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import Document

Tell = Callable[[Conflict], None]


def outcome(match: Match, schemas: Schemas, tell: Tell) -> Document | None:
    """The document that is left; None for nothing."""
    original, updated, local = match.original, match.updated, match.local
    if updated is not None and local is not None:
        return _merged(match, updated, local, schemas=schemas, tell=tell)
    found = updated or local
    if found is None:
        return None
    if original is None:
        return Document(found.root, found.wide)
    if not _is_changed(original, found):
        return None
    tell(conflict_of(match))
    return Document(found.root, found.wide) if found is local else None


def _merged(
    match: Match,
    updated: MergeDocument,
    local: MergeDocument,
    *,
    schemas: Schemas,
    tell: Tell,
) -> Document | None:
    original = match.original
    roots = Three(original.root if original is not None else None, updated.root, local.root)

    def tell_field(found: FieldConflict) -> None:
        tell(Conflict(match.path, match.resource, *found[:4], taken=found.taken))

    shape = schemas.shape([root for root in (local.root, roots.original, updated.root) if root])
    merged = merge_fields(without_aliases(roots), shape, tell=tell_field)
    if merged is None:
        return None
    follows = original is not None and original.wide is local.wide
    return Document(merged, updated.wide if follows else local.wide)


def without_aliases(roots: Three[Node | None]) -> Three[Node | None]:
    """The trees with each alias replaced, if they must be merged and any has one.

    A part of one tree does not mean the same in another one whose anchors differ.
    """
    original, updated, local = roots
    if original in (updated, local) or updated == local:
        return roots
    if not any(has_aliases(root) for root in roots if root is not None):
        return roots
    return roots.map(lambda root: root and _without_anchors(expanded(root)))


def _without_anchors(root: Node) -> Node:
    for node in root.nodes():
        node.anchor = None
    return root


def _is_changed(original: MergeDocument, now: MergeDocument) -> bool:
    return not same_text(unmarked(original.root), unmarked(now.root))


def conflict_of(match: Match) -> Conflict:
    """One side removed the document, the other one changed it; local's will stands."""
    base, theirs, ours = (
        shown(each.root) if each is not None else None
        for each in (match.original, match.updated, match.local)
    )
    return Conflict(match.path, match.resource, "", base, ours, theirs, taken=Taken.LOCAL)
