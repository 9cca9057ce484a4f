"""Which window speakers are one person: one method per file (see docs/studies/clustering.md)."""
