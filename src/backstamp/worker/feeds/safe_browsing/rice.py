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
    bits = 0  # those that were taken and not read yet, the next one lowest
    have = 0
    position = 0
    longest = most_quotient + 1 + parameter
    for _ in range(count):
        while have < longest and position < len(data):
            chunk = data[position : position + _CHUNK]
            bits |= int.from_bytes(chunk, "little") << have
            have += 8 * len(chunk)
            position += _CHUNK
        # ~bits has its lowest one where the quotient ends.
        inverted = ~bits
        quotient = (inverted & -inverted).bit_length() - 1
        used = quotient + 1 + parameter
        if quotient > most_quotient:
            raise RiceError("a quotient that is too large")
        if used > have:
            raise RiceError("it ends too early")
        bits >>= quotient + 1
        value += (quotient << parameter) | (bits & mask)
        if value >= 1 << 32:
            raise RiceError("a number that does not fit")
        bits >>= parameter
        have -= used
        append(value)
    return numbers
