"""Where weights come from: paths, the package index, Hugging Face."""
