"""Read a torch checkpoint without torch."""
