"""Reports of a diarization, to inspect, play and correct turns.

`write_page` writes a self-contained HTML file, `write_picture` a PNG or SVG (matplotlib), and
`listen` plays turns in a notebook.
"""

from ovdiar.report.listening import listen
from ovdiar.report.page import write_page
from ovdiar.report.picture import write_picture

__all__ = ["listen", "write_page", "write_picture"]
