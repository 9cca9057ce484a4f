"""Lower precision and fixed shapes, and what they cost."""
