"""A real git server over HTTP: `git http-backend` behind a small web server.

`server` answers HTTP, `cgi` runs the backend, `repositories` makes what is served.
"""
