"""Content that is upgraded: what upstream changed, merged into what the package changed."""

from dataclasses import replace

import pytest

from porch.api.conditions import Reason
from porch.api.packagerevision import UpgradeStrategy
from porch.kpt.kptfile import GitRef, parse_kptfile
from tests.unit.engine.building import ID, PUB
from tests.unit.engine.sourcing import (
    BASE,
    CONFIG,
    LOCK,
    UPGRADE,
    halt_of,
    knowing,
    origin,
    upgrading,
    with_settings,
)


def test_an_upgrade_takes_what_the_upstream_changed_and_keeps_what_the_package_changed() -> None:
    updated = CONFIG + "  new: upstream\n"
    local = CONFIG.replace("k: v", "k: v\n  own: local")
    found = knowing(UPGRADE, upgrading(updated, local))
    end = found.settle()
    settings = found.shown.content.texts["settings.yaml"]

    assert "new: upstream" in settings
    assert "own: local" in settings
    assert (end.halt, end.fact.merge) == (None, None)


def test_an_upgrade_points_to_the_new_upstream() -> None:
    found = knowing(UPGRADE, upgrading(CONFIG, CONFIG))
    found.settle()
    kptfile = parse_kptfile(found.shown.content.texts["Kptfile"])

    assert kptfile.name == ID.package
    assert kptfile.upstream_lock is not None
    assert kptfile.upstream_lock.git == GitRef(LOCK.repo, "base", "base/v2", "c0ffee")


def test_what_both_sides_changed_is_told_and_stays_until_publication() -> None:
    """One of the two was taken; whoever looks at the draft must be able to know."""
    updated, local = CONFIG.replace("k: v", "k: theirs"), CONFIG.replace("k: v", "k: ours")
    found = knowing(UPGRADE, upgrading(updated, local))
    end = found.settle()

    assert end.fact.merge is not None
    (conflict,) = end.fact.merge.conflicts
    assert (conflict.path, conflict.field, conflict.taken) == ("settings.yaml", "data.k", "updated")
    assert Reason.MERGE_CONFLICTS in found.operator.announcer.reasons
    assert "settings.yaml: ConfigMap settings: data.k (updated taken)" in str(end.fact.merge)
    found.wish(PUB)
    assert found.settle().fact.merge is None


def test_more_conflicts_than_fit_are_counted() -> None:
    def numbered(value: str) -> str:
        return CONFIG + "".join(f"  k{number}: {value}\n" for number in range(20))

    known = upgrading(numbered("theirs"), numbered("ours"))
    content = with_settings(numbered("base"))
    end = knowing(UPGRADE, known | {"base.v1": (origin(content), content)}).settle()

    assert end.fact.merge is not None
    assert (end.fact.merge.total, len(end.fact.merge.conflicts)) == (20, 16)
    assert "and 4 more" in str(end.fact.merge)


def test_a_fast_forward_over_local_changes_stalls_and_says_what_was_changed() -> None:
    known = upgrading(CONFIG + "  new: x\n", CONFIG + "  own: y\n")
    source = replace(UPGRADE, strategy=UpgradeStrategy.FAST_FORWARD)
    halt = halt_of(knowing(source, known).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)
    assert "settings.yaml" in halt.message


@pytest.mark.parametrize("strategy", UpgradeStrategy)
def test_every_strategy_is_carried_out(strategy: UpgradeStrategy) -> None:
    found = knowing(replace(UPGRADE, strategy=strategy), upgrading(CONFIG + "  new: x\n", CONFIG))
    found.settle()

    assert "new: x" in found.shown.content.texts["settings.yaml"]


def test_an_upgrade_of_another_package_is_refused() -> None:
    known = upgrading(CONFIG, CONFIG)
    other = origin(BASE, package="other", repository="repo")
    halt = halt_of(knowing(UPGRADE, known | {"repo.app.v0": (other, BASE)}).settle())

    assert (halt.reason, halt.stalled) == (Reason.SOURCE_INVALID, True)
    assert "`spec.source.upgrade.currentPackage.name`" in halt.message
