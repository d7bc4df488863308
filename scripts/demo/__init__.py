"""`make demo`: the story of packages on a real control plane, told to newcomers."""
