"""A recording's turns to look at, hear and correct: a page, or a picture.

`write_page` makes one HTML file that needs no network, `write_picture` a PNG or SVG (matplotlib).
"""

from ovdiar.report.page import write_page
from ovdiar.report.picture import write_picture

__all__ = ["write_page", "write_picture"]
