"""Lets ``python -m ovdiar`` do what the command ``ovdiar`` does."""

import sys

from ovdiar.cli import main

sys.exit(main())
