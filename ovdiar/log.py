"""The logger of the package, named ``ovdiar``: stages and durations (INFO), details (DEBUG).

As libraries do, it prints nothing until the application configures logging::

    logging.basicConfig(level=logging.INFO)
"""

from __future__ import annotations

import logging

LOGGER = logging.getLogger("ovdiar")
LOGGER.addHandler(logging.NullHandler())
