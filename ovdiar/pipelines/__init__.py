"""The stages put together, one pipeline per file."""
