"""The Kubernetes edge: client, queue, lease, status, events. Nothing here knows of packages."""
