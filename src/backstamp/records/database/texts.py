"""Texts from outside, as columns can hold them."""


def clean(text: str, limit: int | None = None) -> str:
    """Cut a text to what its column holds, and drop NUL, which PostgreSQL cannot keep."""
    return (text.replace("\0", "") if "\0" in text else text)[:limit]
