"""Which window speakers are one person: one method per file."""
