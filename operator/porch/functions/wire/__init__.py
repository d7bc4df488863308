"""What the function runner and its callers say to each other. Messages and names, nothing else."""
