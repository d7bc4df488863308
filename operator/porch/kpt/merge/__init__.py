"""Three-way merge of packages: pure, over files as values; nothing here reads a disk or a clock."""
