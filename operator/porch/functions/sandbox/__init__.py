"""A child process for what users wrote: Starlark scripts and regular expressions, under limits."""
