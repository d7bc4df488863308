module porch/pause

go 1.25.0
