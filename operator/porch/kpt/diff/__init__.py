"""What differs between two packages: by resource and field, by file, and as unified text. Pure."""
