"""Audio input and output: decoding, mixing, resampling, block-wise reading and encoding."""
