"""Why a pod did not answer a call.

PorchError
├── Waiting
│   └── NoPod          no pod of the image can be started; Kubernetes' own words say why
└── Transient
    ├── PodLost        the pods that had the call went, one after the other
    └── Unreachable    one pod does not answer: within this package, another pod is tried
"""

from porch.errors import PorchError, Transient, Waiting
from porch_function_runner.failures import Overloaded
from porch_function_runner.pods.plan import Fail, Failure


class NoPod(Waiting):
    """No pod can be had for an image."""

    reason = "NoFunctionPod"

    def __init__(self, image: str, cause: str) -> None:
        super().__init__(f"unable to get the grpc client to the pod for {image}: {cause}")


class PodLost(Transient):
    """A call lost as many pods as it may."""

    reason = "FunctionPodLost"

    def __init__(self, image: str, cause: str) -> None:
        super().__init__(
            f"unable to evaluate {image} with pod evaluator: {cause}; the same call may succeed"
            " later. If not, look at the events and the logs of the function's pods, and at their"
            " limit of memory"
        )


class Unreachable(Transient):
    """A pod cannot be connected to, or its connection broke."""

    reason = "FunctionPodUnreachable"


def error_of(action: Fail, image: str) -> PorchError:
    """What the caller of a failed call is told."""
    match action.failure:
        case Failure.NO_POD:
            return NoPod(image, action.reason)
        case Failure.LOST:
            return PodLost(image, action.reason)
        case Failure.FULL:
            return Overloaded(
                f"unable to get the grpc client to the pod for {image}: {action.reason};"
                " call again later, or let more pods run (`maxParallelExecutions`)"
            )
