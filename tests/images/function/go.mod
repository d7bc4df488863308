module porch/testfunction

go 1.25.0
