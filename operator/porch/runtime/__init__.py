"""Tools of the Kubernetes edge that know nothing of packages: client, queue, lease, status, events."""
