"""YAML as a tree of nodes that keeps what people wrote: comments, order, styles. Pure."""
