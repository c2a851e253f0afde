"""link_markup: the element that is put around words which are an address."""

from typing import Final

FRAME: Final = ('<a href="', '">')
"""What stands around its URL, before the words; a sealed URL needs no escaping."""
END: Final = "</a>"
"""What stands behind the words."""
