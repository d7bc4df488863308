"""JSON schemas of resources: where they are found, and what is wrong by them. No network, ever."""
