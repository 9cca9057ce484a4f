"""Read segmentation and embedding networks that were exported to ONNX."""
