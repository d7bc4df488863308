"""What FunctionConfigs say of the pods of an image.

Pure. A FunctionConfig is for the images of its name; where it lists prefixes, for those registries
alone ("" is the default one). Of several the one that lists the image's registry comes before one
that admits any; then the first by name.
Errors  a duration that cannot be read counts as absent (the schema refuses it).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from porch.api.functionconfig import FunctionConfig, PodExecutor, TemplateOverrides
from porch.functions.images import Image
from porch_function_runner.pods.pool import Limits

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_PART = r"(\d+(?:\.\d+)?)(ms|s|m|h)"


@dataclass(frozen=True, slots=True)
class PodRules:
    """How the pods of one image are made and kept."""

    limits: Limits
    overrides: TemplateOverrides | None = None
    allows_network: bool = False


@dataclass(frozen=True, slots=True)
class PodFunctions:
    """The FunctionConfigs that have something to say of pods."""

    default_prefix: str
    defaults: Limits
    configs: tuple[FunctionConfig, ...] = ()

    @classmethod
    def of(
        cls, configs: Iterable[FunctionConfig], *, defaults: Limits, default_prefix: str
    ) -> "PodFunctions":
        """Those of the configurations that name a pod executor."""
        found = [
            each
            for each in configs
            if each.spec.pod_executor and each.metadata.deletion_timestamp is None
        ]
        found.sort(key=lambda each: each.metadata.name)
        return cls(default_prefix.rstrip("/"), defaults, tuple(found))

    def resolve(self, image: str) -> Image:
        """The full reference; BadImage when it is none."""
        return Image.parse(image, default_prefix=self.default_prefix)

    def rules(self, image: Image) -> PodRules:
        """What holds for the pods of an image."""
        executor = self._executor(image)
        if executor is None:
            return PodRules(self.defaults)
        return PodRules(
            limits=self._limits(executor),
            overrides=executor.template_overrides,
            allows_network=executor.allow_network,
        )

    def warm(self) -> Iterator[Image]:
        """The images of which a pod is wanted before the first call."""
        for config in self.configs:
            executor = config.spec.pod_executor
            if executor is None or not executor.tags:
                continue
            prefix = next(iter(config.spec.prefixes), "").rstrip("/") or self.default_prefix
            name = f"{prefix}/{config.spec.image}" if prefix else config.spec.image
            tag = executor.tags[0]
            yield self.resolve(f"{name}:{tag}" if tag else name)

    def _executor(self, image: Image) -> PodExecutor | None:
        fitting = [
            (not config.spec.prefixes, config.spec.pod_executor)
            for config in self.configs
            if config.spec.image == image.name and self._admits(config, image)
        ]
        return min(fitting, key=lambda each: each[0])[1] if fitting else None

    def _admits(self, config: FunctionConfig, image: Image) -> bool:
        prefixes = [each.rstrip("/") or self.default_prefix for each in config.spec.prefixes]
        return not prefixes or image.repository in prefixes

    def _limits(self, executor: PodExecutor) -> Limits:
        defaults = self.defaults
        return replace(
            defaults,
            max_pods=_positive(executor.max_parallel_executions) or defaults.max_pods,
            queue_length=_positive(executor.preferred_max_queue_length) or defaults.queue_length,
            idle=_duration(executor.time_to_live) or defaults.idle,
        )


def _positive(number: int) -> int:
    return max(0, number)


def _duration(text: str) -> timedelta | None:
    """None when it is not a positive duration."""
    if not re.fullmatch(f"(?:{_PART})+", text):
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))
    return timedelta(seconds=seconds) if seconds > 0 else None
