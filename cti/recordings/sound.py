"""Recorded sound: what the switch writes → a WAV file that browsers play. Pure.

The switch writes 16-bit samples, the customer's and the agents' side by side; kept is G.711 µ-law (ITU-T G.711), in
which most calls come anyway, at half the size.
"""

import array
import struct
import sys
from functools import lru_cache
from typing import Final

RATE: Final = 8_000
SIDES: Final = 2
"""Left: the customer. Right: the agents, and what else he hears."""
WRITTEN_FRAME: Final = 2 * SIDES
"""Bytes of one instant as the switch writes it."""
_MULAW: Final = 7
"""WAVE_FORMAT_MULAW (RFC 2361)."""
_HEAD: Final = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
HEAD_BYTES: Final = _HEAD.size


def head(data: int) -> bytes:
    """The beginning of the WAV file with so many bytes of sound, an even number."""
    whole = HEAD_BYTES - 8 + data
    form = (b"fmt ", 18, _MULAW, SIDES, RATE, RATE * SIDES, SIDES, 8, 0)
    return _HEAD.pack(b"RIFF", whole, b"WAVE", *form, b"fact", 4, data // SIDES, b"data", data)


def encoded(written: bytes) -> bytes:
    """Samples as the switch writes them (little-endian) in µ-law. Takes 30 ns a sample."""
    samples = array.array("H", written)
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(map(_codes().__getitem__, samples))


def length_ms(data: int) -> int:
    """How long so many bytes of kept sound last."""
    return data * 1000 // (RATE * SIDES)


@lru_cache(maxsize=1)
def _codes() -> bytes:
    """The code of every sample, by its 16 bits read as a number without sign."""
    return bytes(_code(bits - 65_536 if bits > 32_767 else bits) for bits in range(65_536))


def _code(sample: int) -> int:
    sign, size = (0x80, -sample) if sample < 0 else (0, sample)
    size = min(size, 32_635) + 132
    exponent = size.bit_length() - 8
    return ~(sign | exponent << 4 | size >> (exponent + 3) & 0x0F) & 0xFF
