"""Which step a request belongs to, and where a step was while its user waited."""

import pytest

from bench.breakdown import Interval, Step, covered, package_of, stay, step_at

STEPS = [Step("init", (10, 12)), Step("edit", (20, 21))]


@pytest.mark.parametrize(
    ("intervals", "covers"),
    [
        ([], 0),
        ([(1, 3)], 2),
        ([(1, 3), (2, 4)], 3),  # at the same time: once
        ([(2, 3), (1, 4)], 3),  # one within the other
        ([(5, 6), (1, 2)], 2),  # in any order
        ([(-5, 1), (9, 15)], 2),  # only what is in the span
        ([(-5, 15)], 10),
        ([(11, 12)], 0),
    ],
)
def test_covered_time_is_counted_once_and_within_the_span(
    intervals: list[Interval], covers: float
) -> None:
    assert covered((0, 10), intervals) == covers


def test_a_step_is_in_git_before_it_is_in_the_api_server_before_it_is_elsewhere() -> None:
    """The three add up to the whole step."""
    found = stay(Step("approve", (0, 10)), git=[(2, 6)], api=[(0, 3), (8, 9)])

    assert (found.whole, found.git, found.api, found.elsewhere) == (10, 4, 3, 3)


@pytest.mark.parametrize(
    ("instant", "step"), [(9.9, None), (10, "init"), (15, "init"), (20, "edit"), (99, "edit")]
)
def test_what_happens_after_a_step_was_seen_is_still_its_work(
    instant: float, step: str | None
) -> None:
    """A push in the background and the Events come after the user's watch."""
    assert step_at(STEPS, instant) == step


@pytest.mark.parametrize(
    ("resource", "name", "package"),
    [
        ("packagerevisions", "repo.web.v1", "repo.web"),
        ("packagerevisions/status", "repo.web.v1", "repo.web"),
        ("packages/status", "repo.web", "repo.web"),
        ("events", "repo.web.v1.18abc", "repo.web"),
        ("repositories", "repo", None),
        ("packagerevisions", "", None),  # a list, a watch
        ("leases", "porch.operator", None),
    ],
)
def test_a_request_is_about_the_package_that_its_object_is_named_after(
    resource: str, name: str, package: str | None
) -> None:
    assert package_of(resource, name) == package
