"""What `porchctl pkg` does: one module a command, and what they share on disk and with git."""
