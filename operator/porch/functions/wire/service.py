"""The names of the service, and what travels beside its messages.

Pure. Errors carry a google.rpc.Status in `STATUS_DETAILS`. Trailing metadata is small by default (a
client of the C core takes 8 KiB), so a caller that can take more says so in `DETAILS_BYTES`.
"""

from typing import Final

SERVICE: Final = "evaluator.FunctionEvaluator"
METHOD: Final = "EvaluateFunction"
PATH: Final = f"/{SERVICE}/{METHOD}"

DEFAULT_MESSAGE_BYTES: Final = 6 << 20  # of one message, on every hop

STATUS_DETAILS: Final = "grpc-status-details-bin"
FUNCTION_DIGEST: Final = "porch-function-digest"  # trailing metadata of answers: what ran
DETAILS_BYTES: Final = "porch-details-bytes"  # request metadata: a decimal number
DEFAULT_DETAILS_BYTES: Final = 2 << 10
