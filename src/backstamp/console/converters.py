"""How a message is named in an address: 16 hexadecimal digits."""

from backstamp.records.database.tracking_ids import from_text, to_text


class MessageKeyConverter:
    """A stored tracking id, in the form people see."""

    regex = "[0-9a-f]{16}"

    def to_python(self, value: str) -> int:
        """Return the stored id."""
        return from_text(value)

    def to_url(self, value: int) -> str:
        """Return the form people see."""
        return to_text(value)
