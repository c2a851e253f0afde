"""The words for a reader."""

from typing import Final

from backstamp.edge.link_pages.english import ENGLISH
from backstamp.edge.link_pages.german import GERMAN
from backstamp.edge.link_pages.korean import KOREAN
from backstamp.edge.link_pages.wording import LinkWords
from backstamp.edge.requests.languages import language_of
from backstamp.edge.requests.scope import Scope

LINK_WORDS: Final = {words.language: words for words in (ENGLISH, GERMAN, KOREAN)}


def words_for(scope: Scope) -> LinkWords:
    """Return the words in the language that a reader likes best."""
    return LINK_WORDS[language_of(scope.headers.get("accept-language"))]
