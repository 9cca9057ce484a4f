"""Audio in and out: decode, mix to mono, resample, read by blocks, encode."""
