"""What a life cycle costs, told by step, asker and place."""

from collections.abc import Mapping, Sequence

from bench.audit import Request
from bench.breakdown import Step
from bench.queues import Work
from bench.results import Result
from bench.stageresults import GitRequest, Observed, of_one_user, of_users

OPERATOR = "system:serviceaccount:porch-system:porch-operator"


def life(begin: float) -> list[Step]:
    """Four steps of a second each."""
    names = ("init", "edit", "propose", "approve")
    return [Step(name, (begin + at, begin + at + 1)) for at, name in enumerate(names)]


def observed(packages: Mapping[str, Sequence[Step]], *git: GitRequest) -> Observed:
    """A workload after one life to warm up."""
    queues = [Work("pushes", passes=6, wait=0.001, took=0.002)]
    lives = len(packages) + 1
    return Observed("1 user", packages, git, lives=lives, cpu={"operator": 0.05}, queues=queues)


def asked(began: float, *, name: str = "r.p.v1", user: str = OPERATOR, code: int = 200) -> Request:
    """A patch that takes a quarter of a second."""
    return Request(user, "patch", "packagerevisions", name, began, began + 0.25, code)


def values(results: Sequence[Result], case: str) -> dict[str, float]:
    """What is told of a case."""
    return {each.metric: each.value for each in results if each.case == f"1 user{case}"}


def test_requests_are_counted_by_step_and_asker() -> None:
    """A package's own: two packages with one such request together have half a request each."""
    seen = observed({"r.p": life(0), "r.q": life(0)})
    results = list(of_users(seen, [asked(0.1), asked(0.2, user="admin"), asked(3.1, code=409)]))

    assert values(results, ": init: API requests") == {
        "all": 1,
        "client: patch packagerevisions": 0.5,
        "operator: patch packagerevisions": 0.5,
    }
    assert values(results, ": approve: API requests") == {
        "all": 0.5,
        "operator: patch packagerevisions (409)": 0.5,
    }
    assert values(results, ": API requests") == {"all": 1.5}


def test_what_is_not_about_a_measured_package_is_left_out() -> None:
    """Lives to warm up, Leases, the control plane's own business."""
    others = [asked(0.1, name="r.warm.v1"), asked(0.1, name="porch-operator"), asked(-1)]

    assert values(list(of_users(observed({"r.p": life(0)}), others)), ": API requests") == {
        "all": 0
    }


def test_the_time_of_a_step_is_told_by_place() -> None:
    push = GitRequest("POST git-receive-pack", 3.25, 0.5)
    results = list(of_one_user(observed({"r.p": life(0)}, push), [asked(3), asked(0.5)]))

    assert values(results, ": approve") == {
        "mean": 1000,
        "in the API server": 250,
        "in git": 500,
        "elsewhere": 250,
    }
    assert values(results, ": init")["in git"] == 0


def test_one_user_is_all_that_git_is_asked_for() -> None:
    """What came before the first step was to warm up."""
    pushes = [GitRequest("POST git-receive-pack", began, 0.1) for began in (-1, 3, 13.5)]
    results = list(of_one_user(observed({"r.p": life(0), "r.q": life(10)}, *pushes), []))

    assert values(results, ": approve: requests to git") == {"POST git-receive-pack": 1}


def test_of_many_users_git_is_told_over_all_lives() -> None:
    """Also those to warm up, as nobody knows whose request it was."""
    pushes = [GitRequest("POST git-receive-pack", began, 0.1) for began in (0, 1, 2)]
    results = list(of_users(observed({"r.p": life(0), "r.q": life(0)}, *pushes), []))

    assert values(results, ": requests to git") == {"POST git-receive-pack": 1}
    assert "in git" not in values(results, ": approve")


def test_latencies_are_those_of_the_servers() -> None:
    push = GitRequest("POST git-receive-pack", 3, 0.5)
    results = list(of_one_user(observed({"r.p": life(0)}, push), [asked(0.5), asked(3)]))

    assert values(results, ": API request, mean") == {"operator: patch packagerevisions": 250}
    assert values(results, ": request to git, mean") == {"POST git-receive-pack": 500}


def test_queues_and_processes_are_told_by_package() -> None:
    results = list(of_users(observed({"r.p": life(0), "r.q": life(0)}), []))

    assert values(results, "") == {"CPU of the operator": 50}
    assert values(results, ": queue pushes") == {"passes": 2, "wait, mean": 1, "pass, mean": 2}
