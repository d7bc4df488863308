"""What runners of tests are made with: quick leases, and images that nobody looks into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from porch.functions.images import Image
from porch.runtime.lease import LeaseSettings
from porch_function_runner.pods.pool import Limits
from porch_function_runner.pods.settings import Address, PodEvaluatorSettings


class Commands:
    """What images run: the test function, which behaves as the tag says (`sleep-3s`)."""

    async def command(self, image: Image) -> Sequence[str]:
        return ["/usr/local/bin/function", *image.tag.split("-")]


def quick_settings(
    namespace: str,
    runner: str,
    *,
    address: Address = Address.SERVICE,
    wrapper: str = "registry.example/wrapper:v1",
    limits: Limits | None = None,
) -> PodEvaluatorSettings:
    """Two pods of two calls for each image; what takes long is short."""
    return PodEvaluatorSettings(
        namespace=namespace,
        runner=runner,
        wrapper_image=wrapper,
        limits=limits or Limits(max_pods=2, queue_length=2),
        address=address,
        lease=LeaseSettings(
            duration=timedelta(seconds=3),
            renew_deadline=timedelta(seconds=2),
            retry=timedelta(seconds=0.5),
        ),
        stuck_for=timedelta(seconds=1),
    )
