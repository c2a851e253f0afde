"""Stretches of time in words, as coarse as a reader wants them."""


def ago(seconds: float) -> str:
    """Return a stretch of time: "37 s", "5 min", "3 h", "2 days"; below two of a unit the next smaller."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:.0f} days"
