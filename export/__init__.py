"""Turn pyannote models into OpenVINO bundles, once. Never imported by the runtime, never imports torch."""
