"""What is wrong with credentials before any server has seen them."""

from porch.errors import Waiting


class NoCredentials(Waiting):
    """The Secret with the credentials is missing, unreadable or of no use."""

    reason = "AccessDenied"
