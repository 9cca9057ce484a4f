"""Known voices: enrolled once, named in every recording."""
