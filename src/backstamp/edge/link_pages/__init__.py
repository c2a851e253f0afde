"""link_pages: what stands before a link that does not lead on at once: blocked, warned of, checked."""

from backstamp.edge.link_pages.answering import LinkPages
from backstamp.edge.link_pages.languages import words_for
from backstamp.edge.link_pages.page import abandoned_page

__all__ = ["LinkPages", "abandoned_page", "words_for"]
