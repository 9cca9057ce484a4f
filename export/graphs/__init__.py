"""State dict -> ov.Model, one architecture per file."""
