"""The audit log is read as the API server writes it."""

import json
from pathlib import Path

from bench.audit import Request, log_in, options, requests

LINE = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"8132ba3a",'
    '"stage":"ResponseComplete","requestURI":"/apis/porch.kpt.dev/v1alpha2/namespaces/bench/'
    'packagerevisions/r.p0.v1/status?fieldManager=porch-operator","verb":"patch",'
    '"user":{"username":"system:serviceaccount:porch-system:porch-operator","groups":["a"]},'
    '"sourceIPs":["127.0.0.1"],"objectRef":{"resource":"packagerevisions","namespace":"bench",'
    '"name":"r.p0.v1","apiGroup":"porch.kpt.dev","subresource":"status"},'
    '"responseStatus":{"metadata":{},"code":409},'
    '"requestReceivedTimestamp":"1970-01-01T00:01:00.250000Z",'
    '"stageTimestamp":"1970-01-01T00:01:00.500000Z"}'
)
PROBE = (
    '{"stage":"ResponseComplete","requestURI":"/readyz","verb":"get","user":{"username":"admin"},'
    '"responseStatus":{"code":200},"requestReceivedTimestamp":"1970-01-01T00:00:00.000000Z",'
    '"stageTimestamp":"1970-01-01T00:00:01.000000Z"}'
)


def test_a_request_has_its_user_its_object_and_its_time() -> None:
    assert list(requests([LINE])) == [
        Request(
            user="system:serviceaccount:porch-system:porch-operator",
            verb="patch",
            resource="packagerevisions/status",
            name="r.p0.v1",
            began=60.25,
            ended=60.5,
            code=409,
        )
    ]


def test_a_request_may_be_about_no_object() -> None:
    (probe,) = requests([PROBE])

    assert (probe.resource, probe.name) == ("", "")


def test_each_request_is_one_line_of_the_log(tmp_path: Path) -> None:
    """Two stages of one request would be counted as two."""
    policy, log, _ = (option.partition("=")[2] for option in options(tmp_path))

    assert log == str(log_in(tmp_path))
    assert json.loads(Path(policy).read_text())["omitStages"] == [
        "RequestReceived",
        "ResponseStarted",
    ]
