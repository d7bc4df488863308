"""Catalogue functions in Python, one module a function. Pure; user code goes to the sandbox."""
