"""Frames of MPEG audio (ISO 11172-3, 13818-3), to tell them from tags and pictures."""

from __future__ import annotations

from dataclasses import dataclass

HEADER_BYTES = 4
SYNC = 0xFFE
RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Sample rates by the bits of the version: 1, 2 and 2.5."""
KBITS = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by version (1; 2 and 2.5) and the bits of the layer (3 is layer I), in kbit/s."""
FRAMES = 3
"""So many frames that follow each other are no accident."""


@dataclass(frozen=True)
class MpegFrame:
    """What the header of a frame states: its size in bytes, and the stream's rate in Hz."""

    size: int
    rate: int


def frame(header: bytes) -> MpegFrame | None:
    """Parse the header of a frame; None if it is none."""
    if len(header) < HEADER_BYTES:
        return None
    bits = int.from_bytes(header[:HEADER_BYTES], "big")
    version, layer = bits >> 19 & 3, bits >> 17 & 3
    kbit, rate, padding = bits >> 12 & 15, bits >> 10 & 3, bits >> 9 & 1
    if bits >> 21 != SYNC >> 1 or version == 1 or not layer or kbit in (0, 15) or rate == 3:
        return None
    rate_hz = RATES_HZ[version][rate]
    bit_rate = 1000 * KBITS[3 if version == 3 else 2, layer][kbit - 1]
    if layer == 3:
        return MpegFrame(4 * (12 * bit_rate // rate_hz + padding), rate_hz)
    samples = 576 if layer == 1 and version != 3 else 1152
    return MpegFrame(samples // 8 * bit_rate // rate_hz + padding, rate_hz)


def holds_frames(data: bytes) -> bool:
    """Return whether frames that follow each other are anywhere in the data."""
    at = data.find(b"\xff")
    while at >= 0:
        position, found = at, 0
        while (parsed := frame(data[position : position + HEADER_BYTES])) is not None:
            position, found = position + parsed.size, found + 1
            if found == FRAMES or (found > 1 and position >= len(data)):
                return True
        at = data.find(b"\xff", at + 1)
    return False
