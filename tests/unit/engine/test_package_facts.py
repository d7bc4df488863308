"""Labels, annotations and readiness gates: what `spec` and the Kptfile say, whoever changed it."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.engine.packagefacts import NOTHING_SAID, PackageFacts, facts_of, settled, unmet_gates
from porch.engine.sources import Init
from porch.kpt.content import Content
from tests.unit.engine.building import ID, KEY, PUB
from tests.unit.engine.living import World
from tests.unit.engine.operating import Killed

KPTFILE = """\
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: app
  labels:
    tier: core # do not move
"""
GATED = """\
info:
  readinessGates:
  - conditionType: Checked
status:
  conditions:
  - type: Checked
    status: "{status}"
"""
MANIFEST = Content.from_texts({"Kptfile": KPTFILE, "a.yaml": "a: 1\n"})


def labelled(**labels: str) -> PackageFacts:
    """Labels alone."""
    return PackageFacts(labels)


def drafted(facts: PackageFacts = NOTHING_SAID) -> World:
    """A draft with the user's manifest, whose `spec` says something of its own."""
    world = World(Init("text"))
    world.revisions.put(KEY, replace(world.revisions.objects[KEY], facts=facts))
    world.apply(MANIFEST)
    world.settle()
    return world


def spec_of(world: World) -> PackageFacts:
    return world.revisions.objects[KEY].facts


def say(world: World, facts: PackageFacts) -> None:
    """A user's edit of `spec`."""
    world.revisions.put(KEY, replace(world.revisions.objects[KEY], facts=facts))


def kptfile_of(world: World) -> str:
    return world.shown.content.texts["Kptfile"]


def test_spec_says_what_the_kptfile_says() -> None:
    world = drafted()

    assert spec_of(world) == labelled(tier="core")


def test_what_spec_says_at_the_creation_is_added_to_the_kptfile() -> None:
    world = drafted(PackageFacts({"team": "ran"}, gates=("Checked",)))

    assert spec_of(world) == PackageFacts({"tier": "core", "team": "ran"}, gates=("Checked",))
    assert facts_of(world.shown.content) == spec_of(world)
    assert "tier: core # do not move" in kptfile_of(world)


def test_an_edit_of_spec_is_written_into_the_kptfile_removals_too() -> None:
    world = drafted(labelled(team="ran"))
    say(world, labelled(team="core"))
    end = world.settle()

    assert facts_of(world.shown.content) == labelled(team="core") == spec_of(world)
    assert world.operator.is_settled(KEY)
    assert end.fact.digest == world.shown.content.digest


def test_an_edit_of_the_kptfile_is_shown_in_spec_removals_too() -> None:
    world = drafted(labelled(team="ran"))
    texts = {path: text for path, text in world.shown.content.texts.items()}
    texts["Kptfile"] = texts["Kptfile"].replace("    team: ran\n", "").replace("core", "edge")
    world.apply(Content.from_texts(texts))
    world.settle()

    assert spec_of(world) == labelled(tier="edge")
    assert world.operator.is_settled(KEY)


def test_edits_of_both_meet_in_both() -> None:
    world = drafted()
    say(world, labelled(tier="core", team="ran"))
    world.apply(Content.from_texts({"Kptfile": KPTFILE + "    zone: a\n"}))
    world.settle()

    assert spec_of(world) == labelled(tier="core", zone="a", team="ran")
    assert facts_of(world.shown.content) == spec_of(world)


def test_applying_the_manifest_again_keeps_what_spec_says() -> None:
    """A GitOps tool sends both, and neither lacks anything of its own."""
    world = drafted(labelled(team="ran"))
    before = world.shown.content.digest
    for _ in range(2):
        world.apply(MANIFEST)
        world.settle()
        assert world.shown.content.digest == before
        world.restart()


def test_applying_the_manifest_again_after_an_edit_of_spec_keeps_the_edit() -> None:
    world = drafted()
    say(world, labelled(tier="core", team="ran"))
    world.settle()
    before = world.shown.content.digest
    for _ in range(2):
        world.apply(MANIFEST)
        world.settle()
        assert world.shown.content.digest == before
        world.restart()

    assert spec_of(world) == labelled(tier="core", team="ran")


def test_a_package_that_does_not_render_is_left_as_it_is() -> None:
    world = drafted()
    world.apply(Content.from_texts(MANIFEST.texts | {"bad.yaml": "FAIL"}))
    world.settle()
    say(world, labelled(tier="core", team="ran"))
    world.settle()

    assert kptfile_of(world) == KPTFILE
    world.apply(MANIFEST)
    world.settle()
    assert "team: ran" in kptfile_of(world)


def test_spec_of_a_published_package_is_set_back() -> None:
    """Its Kptfile cannot change any more, and a lie would be copied on."""
    world = drafted()
    world.wish(PUB)
    world.settle()
    say(world, labelled(tier="edge"))
    world.settle()

    assert spec_of(world) == labelled(tier="core")
    assert "MetadataFollowsContent" in world.operator.announcer.reasons
    assert world.operator.is_settled(KEY)


def test_a_published_revision_that_was_found_in_git_says_what_its_kptfile_says() -> None:
    world = World()
    world.repository.publish(ID, MANIFEST)
    world.settle()

    assert spec_of(world) == labelled(tier="core")


def test_a_publication_over_an_unmet_gate_is_told() -> None:
    """Command lines refuse it before; who goes around them must not do so unseen."""
    world = drafted()
    unready = KPTFILE + GATED.format(status="False")
    world.apply(Content.from_texts({"Kptfile": unready}))
    world.settle()
    world.wish(PUB)
    end = world.settle()

    assert end.fact.lifecycle is PUB
    assert "PublishedUnready" in world.operator.announcer.reasons


def test_gates_are_met_by_conditions_that_are_true() -> None:
    def unmet(kptfile: str) -> tuple[str, ...]:
        return unmet_gates(Content.from_texts({"Kptfile": kptfile}))

    assert unmet(KPTFILE + GATED.format(status="False")) == ("Checked",)
    assert unmet(KPTFILE + GATED.format(status="True")) == ()
    assert unmet(KPTFILE + GATED.partition("status:")[0]) == ("Checked",)
    assert unmet(KPTFILE) == ()


FACTS = st.builds(
    PackageFacts,
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("12")),
    gates=st.lists(st.sampled_from("xyz"), unique=True).map(tuple),
)


@given(wish=FACTS, kptfile=FACTS, known=FACTS)
def test_whoever_alone_changed_something_is_followed(
    wish: PackageFacts, kptfile: PackageFacts, known: PackageFacts
) -> None:
    def ends(ours: PackageFacts, theirs: PackageFacts) -> PackageFacts:
        return settled(ours, theirs, known=known.digest, is_same_file=False)

    assert ends(wish, known).digest == wish.digest
    assert ends(known, kptfile).digest == kptfile.digest
    both = ends(wish, kptfile)
    assert settled(both, both, known=both.digest, is_same_file=False) == both


def crash(world: World, fuse: int) -> None:
    """A process that works, and ends after so many effects; then another one."""
    left = fuse

    def effect(name: str) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1

    world.restart(effect)
    with suppress(Killed):
        world.settle()
    world.restart()


@pytest.mark.parametrize("fuse", range(8))
def test_a_crash_after_any_effect_ends_with_both_saying_the_same(fuse: int) -> None:
    """Whichever of the two is written first, nobody has changed anything afterwards."""
    world = drafted()
    say(world, labelled(team="ran"))
    world.apply(Content.from_texts({"Kptfile": KPTFILE + "    zone: a\n"}))
    crash(world, fuse)
    world.settle()

    assert spec_of(world) == labelled(tier="core", zone="a", team="ran")
    assert facts_of(world.shown.content) == spec_of(world)
    assert world.operator.is_settled(KEY)


@pytest.mark.parametrize("fuse", range(8))
@pytest.mark.parametrize("then", [None, MANIFEST])
def test_a_crash_after_any_effect_of_an_edit_of_spec_keeps_the_edit(
    fuse: int, then: Content | None
) -> None:
    """Also when a GitOps tool applies the manifest again right afterwards."""
    world = drafted()
    say(world, labelled(team="ran"))
    crash(world, fuse)
    if then is not None:
        world.apply(then)
    world.settle()

    assert spec_of(world) == labelled(team="ran")
    assert facts_of(world.shown.content) == spec_of(world)
    assert world.operator.is_settled(KEY)
