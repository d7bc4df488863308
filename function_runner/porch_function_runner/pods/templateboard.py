"""The templates as they are now: the last good ones of those that were written.

State only. A template that cannot be used is logged at the time of the edit, and the last good one
goes on to be used; without any, or when it is deleted, the built-in one is.
"""

import logging

from porch_function_runner.pods.templates import (
    DEFAULT_POD,
    DEFAULT_SERVICE,
    POD_TEMPLATE,
    SERVICE_TEMPLATE,
    BadTemplate,
    Templates,
    check_pod_template,
)
from porch_function_runner.pods.wire import Template, TemplateObject

logger = logging.getLogger(__name__)


class TemplateBoard:
    """What the watches have told of the two templates."""

    def __init__(self) -> None:
        self._pod: Template = DEFAULT_POD
        self._service: Template = DEFAULT_SERVICE

    @property
    def current(self) -> Templates:
        """What new pods and Services are made from."""
        return Templates(self._pod, self._service)

    def pod_template_seen(self, found: TemplateObject) -> None:
        """A PodTemplate was written."""
        if found.metadata.name != POD_TEMPLATE:
            return
        try:
            self._pod = check_pod_template(found.template)
        except BadTemplate as err:
            logger.error("template is not used", extra={"error": str(err)})  # noqa: TRY400 (no bug)

    def pod_template_gone(self, name: str) -> None:
        """A PodTemplate was deleted."""
        if name == POD_TEMPLATE:
            self._pod = DEFAULT_POD

    def service_template_seen(self, found: TemplateObject) -> None:
        """A ServiceTemplate was written."""
        if found.metadata.name == SERVICE_TEMPLATE:
            self._service = found.template

    def service_template_gone(self, name: str) -> None:
        """A ServiceTemplate was deleted."""
        if name == SERVICE_TEMPLATE:
            self._service = DEFAULT_SERVICE
