"""An installed cluster."""

from tests.integration.installed import installed_cluster

__all__ = ["installed_cluster"]
