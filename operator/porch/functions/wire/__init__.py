"""What the function runner and its callers say to each other: messages, names, how to read them."""
