"""Turn pyannote models into OpenVINO bundles, once.

Never imported by the runtime, never imports torch.
"""

import sys

# With this package OpenVINO and NNCF report that they are used; where it cannot be imported (which
# is what None means) they report nothing. This must precede every import of the two.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
