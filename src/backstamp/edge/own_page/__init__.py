"""own_page: a recipient's own page: unsubscribe, see what is measured, stop it, ask for the records."""

from backstamp.edge.own_page.answering import PAGE_START, OwnPages

__all__ = ["PAGE_START", "OwnPages"]
