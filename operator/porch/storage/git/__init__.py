"""Git as a repository of packages: layout, history, reading, writing."""
