"""State dict -> ov.Model, one architecture per file."""

from ovdiar.runtime import import_openvino

import_openvino()  # before any graph does, and so without telemetry
