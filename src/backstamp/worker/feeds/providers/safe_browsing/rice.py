"""Sorted numbers as Golomb-Rice coded differences (Safe Browsing v5, `RiceDeltaEncoded32Bit`).

A difference is its quotient by 2**parameter in unary (ones, then a zero) and its remainder in `parameter`
bits, the least significant first; the bits of a byte are read from the least significant, too.
"""

from array import array
from typing import Final

LEAST_PARAMETER: Final = 3
MOST_PARAMETER: Final = 30
_CHUNK: Final = 64
"""Bytes that are taken into one integer at once."""


class RiceError(ValueError):
    """The coded numbers are no good."""


def decode(first: int, parameter: int, count: int, data: bytes) -> "array[int]":
    """Return the numbers, `count` and the first, in rising order as unsigned 32-bit values.

    Args:
        first: the first number.
        parameter: 3 to 30, unless nothing is coded.
        count: how many numbers follow the first.
        data: the coded differences.

    Raises:
        RiceError: a number does not fit into 32 bits, or the data end before the last one.
    """
    numbers = array("I", [first]) if 0 <= first < 1 << 32 else None
    if numbers is None or count < 0:
        raise RiceError("a number that is none")
    if not count:
        return numbers
    if not LEAST_PARAMETER <= parameter <= MOST_PARAMETER:
        raise RiceError("a parameter out of range")
    # A coded number has at least its remainder and the zero that ends its quotient.
    if count * (parameter + 1) > 8 * len(data):
        raise RiceError("more numbers than data")
    most_quotient = (1 << (32 - parameter)) - 1
    mask = (1 << parameter) - 1
    value = first
    append = numbers.append
    # The bits that were taken and not read yet, the next one lowest. Never many more than a chunk: each
    # number shifts them all, and a list of two million numbers allows quotients of two million bits.
    bits = 0
    have = 0
    position = 0
    for _ in range(count):
        quotient = 0
        # ~bits has its lowest one where the quotient ends.
        while (ones := (~bits & (bits + 1)).bit_length() - 1) == have:
            quotient += ones
            if quotient > most_quotient:
                raise RiceError("a quotient that is too large")
            if position >= len(data):
                raise RiceError("it ends too early")
            chunk = data[position : position + _CHUNK]
            bits, have = int.from_bytes(chunk, "little"), 8 * len(chunk)
            position += _CHUNK
        quotient += ones
        bits >>= ones + 1
        have -= ones + 1
        if have < parameter:
            chunk = data[position : position + _CHUNK]
            bits |= int.from_bytes(chunk, "little") << have
            have += 8 * len(chunk)
            position += _CHUNK
            if have < parameter:
                raise RiceError("it ends too early")
        value += (quotient << parameter) | (bits & mask)
        if value >= 1 << 32:
            raise RiceError("a number that does not fit")
        bits >>= parameter
        have -= parameter
        append(value)
    return numbers
