"""Catalogue functions in Python, one module a function. Pure."""
