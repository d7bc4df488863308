"""What images say of themselves, read from their registries.

Pure: `location`, `challenge`, `dockerconfig`, `contents`, `metadata`. The network is in `wire`
(requests), `auth` (tokens), `registry` (manifests and configurations); `inspector` remembers what
was read and asks whether it still holds. `credentials` and `authorities` read what the operator of
the runner provides, as it is at the time.
"""
