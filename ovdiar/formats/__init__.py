"""Files of turns: one format per file, parse and serialize side by side."""
