"""Reconciliation of PackageRevision objects: wire to values, values to status."""
