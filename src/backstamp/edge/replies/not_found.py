"""What stands where there is nothing: one page for everybody, in all our languages, that names nobody."""

from typing import Final

from backstamp.edge.replies.document import Style, document
from backstamp.edge.replies.prepared import Page

_SECTIONS: Final = (
    (
        *("en", "Not found", "There is nothing at this address."),
        "If a link in a mail led you here, it may have been cut short or changed on its way.",
        "Open it from the mail itself, or ask the sender for it.",
    ),
    (
        *("de", "Nicht gefunden", "Unter dieser Adresse gibt es nichts."),
        "Wenn ein Link in einer Nachricht Sie hergeführt hat, wurde er vielleicht gekürzt oder verändert.",
        "Öffnen Sie ihn aus der Nachricht selbst, oder fragen Sie den Absender danach.",
    ),
    (
        *("ko", "찾을 수 없습니다", "이 주소에는 아무것도 없습니다."),
        "메일에 있는 링크로 오셨다면 링크가 도중에 잘리거나 바뀌었을 수 있습니다.",
        "메일에서 직접 링크를 열거나 보낸 사람에게 문의해 주세요.",
    ),
)
"""Language, title, and three sentences."""


def _section(language: str, title: str, *said: str) -> str:
    level = "h1" if language == "en" else "h2"
    return f'<section lang="{language}">\n<{level}>{title}</{level}>\n<p>{" ".join(said)}</p>\n</section>\n'


NOT_FOUND: Final[Page] = document(
    404,
    "en",
    _SECTIONS[0][1],
    f"<main>\n{''.join(_section(*each) for each in _SECTIONS)}</main>",
    Style(),
)
