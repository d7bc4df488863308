"""Where published packages live: the adapter protocol and its adapters. No Kubernetes here."""
