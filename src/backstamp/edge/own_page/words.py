"""The words of recipients' own pages, in English, German and Korean.

`{sender}` is where the sender's domain goes, or what stands for it.
"""

from typing import Final

import msgspec

from backstamp.vocabulary import WishAct


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language. `buttons`: what is said above a button, and on it; `done`: what is said afterwards."""

    language: str
    some_sender: str
    title: str
    intro: str
    lists: str
    is_unsubscribed: str
    measured: str
    kinds: tuple[str, ...]
    not_agreed: str
    address_kept: str
    address_not_kept: str
    retention: str
    retention_of_a_day: str
    contact: str
    opens_stopped: str
    links_stopped: str
    records: str
    buttons: dict[WishAct, tuple[str, str]]
    done: dict[WishAct, str]
    not_understood: str
    not_now: str


_ENGLISH: Final = Words(
    language="en",
    some_sender="this sender",
    title="Your mail from {sender}",
    intro="A mail from {sender} led you here. Looking at this page changes nothing; only the buttons do.",
    lists="Mailing lists",
    is_unsubscribed="You are unsubscribed.",
    measured="What is measured about you",
    kinds=(
        (
            "That the mail was opened: when, and with what kind of program or device, told by a small "
            "image in it."
        ),
        "That a link in it was followed: which one, when, and with what kind of program or device.",
        "What mail servers said: delivered, refused, sent back.",
    ),
    not_agreed="Such images and links are only in mail to people who have agreed. "
    "No agreement of yours is on record.",
    address_kept="The network address of your device is kept with it.",
    address_not_kept="The network address of your device is not kept, only whether it belongs to a company, "
    "a mobile network or the like.",
    retention="All of this is deleted after {days} days.",
    retention_of_a_day="All of this is deleted after one day.",
    contact="Whom to ask:",
    opens_stopped="Opening is not recorded any more.",
    links_stopped="Following links is not recorded any more.",
    records="Your records",
    buttons={
        WishAct.UNSUBSCRIBE: ("You are on the mailing lists of {sender}.", "Unsubscribe"),
        WishAct.RESUBSCRIBE: ("You can have the lists of {sender} again.", "Subscribe again"),
        WishAct.STOP_OPENS: (
            "Your opens need not be recorded, also for mail that you already have. Images are still shown.",
            "Do not record that I open mail",
        ),
        WishAct.STOP_LINKS: (
            (
                "The links that you follow need not be recorded, also for mail that you already have. "
                "Links still work."
            ),
            "Do not record that I follow links",
        ),
        WishAct.MAIL_RECORDS: (
            (
                "They are not shown here, for whoever has this link could read them. They can be "
                "mailed to the "
                "address to which the mail went, once a day at most."
            ),
            "Mail me my records",
        ),
    },
    done={
        WishAct.UNSUBSCRIBE: "Done. You are unsubscribed from the lists of {sender}.",
        WishAct.RESUBSCRIBE: "Done. You get the lists of {sender} again.",
        WishAct.STOP_OPENS: "Done. Opening is not recorded any more.",
        WishAct.STOP_LINKS: "Done. Following links is not recorded any more.",
        WishAct.MAIL_RECORDS: "Done. Your records go to the address to which the mail went.",
    },
    not_understood="That was not understood, and nothing was changed. Please use one of the buttons.",
    not_now="That cannot be noted just now, and nothing was changed. Please try again in a few minutes.",
)
_GERMAN: Final = Words(
    language="de",
    some_sender="diesem Absender",
    title="Ihre Post von {sender}",
    intro="Eine Nachricht von {sender} hat Sie hierher geführt. Diese Seite anzusehen ändert nichts; das tun "
    "nur die Knöpfe.",
    lists="Verteiler",
    is_unsubscribed="Sie sind abgemeldet.",
    measured="Was über Sie gemessen wird",
    kinds=(
        (
            "Dass die Nachricht geöffnet wurde: wann und mit welcher Art von Programm oder Gerät; "
            "ein kleines Bild darin verrät es."
        ),
        "Dass ein Link darin aufgerufen wurde: welcher, wann und mit welcher Art von Programm oder Gerät.",
        "Was Mailserver geantwortet haben: zugestellt, abgelehnt, zurückgesandt.",
    ),
    not_agreed="Solche Bilder und Links enthält nur Post an Menschen, die zugestimmt haben. "
    "Von Ihnen ist keine Zustimmung vermerkt.",
    address_kept="Die Netzadresse Ihres Geräts wird dabei aufbewahrt.",
    address_not_kept="Die Netzadresse Ihres Geräts wird nicht aufbewahrt, nur ob sie zu einer Firma, einem "
    "Mobilfunknetz oder Ähnlichem gehört.",
    retention="All das wird nach {days} Tagen gelöscht.",
    retention_of_a_day="All das wird nach einem Tag gelöscht.",
    contact="Wen Sie fragen können:",
    opens_stopped="Das Öffnen wird nicht mehr aufgezeichnet.",
    links_stopped="Das Aufrufen von Links wird nicht mehr aufgezeichnet.",
    records="Ihre Aufzeichnungen",
    buttons={
        WishAct.UNSUBSCRIBE: ("Sie bekommen Post der Verteiler von {sender}.", "Abmelden"),
        WishAct.RESUBSCRIBE: (
            "Sie können die Verteiler von {sender} wieder beziehen.",
            "Wieder anmelden",
        ),
        WishAct.STOP_OPENS: (
            (
                "Sie können beenden, dass das Öffnen aufgezeichnet wird, auch für Post, die Sie schon haben. "
                "Bilder werden weiter angezeigt."
            ),
            "Mein Öffnen nicht aufzeichnen",
        ),
        WishAct.STOP_LINKS: (
            (
                "Sie können beenden, dass das Aufrufen von Links aufgezeichnet wird, auch für Post, "
                "die Sie schon "
                "haben. Links führen weiter ans Ziel."
            ),
            "Meine Aufrufe von Links nicht aufzeichnen",
        ),
        WishAct.MAIL_RECORDS: (
            (
                "Sie werden hier nicht gezeigt, denn jeder, der diesen Link hat, könnte sie lesen. "
                "Sie können an "
                "die Adresse geschickt werden, an die die Nachricht ging, höchstens einmal am Tag."
            ),
            "Aufzeichnungen zuschicken",
        ),
    },
    done={
        WishAct.UNSUBSCRIBE: "Erledigt. Sie sind von den Verteilern von {sender} abgemeldet.",
        WishAct.RESUBSCRIBE: "Erledigt. Sie bekommen die Verteiler von {sender} wieder.",
        WishAct.STOP_OPENS: "Erledigt. Das Öffnen wird nicht mehr aufgezeichnet.",
        WishAct.STOP_LINKS: "Erledigt. Das Aufrufen von Links wird nicht mehr aufgezeichnet.",
        WishAct.MAIL_RECORDS: (
            "Erledigt. Ihre Aufzeichnungen gehen an die Adresse, an die die Nachricht ging."
        ),
    },
    not_understood="Das wurde nicht verstanden, und nichts wurde geändert. Bitte benutzen Sie einen Knopf.",
    not_now="Das kann gerade nicht vermerkt werden, und nichts wurde geändert. Bitte versuchen Sie es in "
    "einigen Minuten noch einmal.",
)
_KOREAN: Final = Words(
    language="ko",
    some_sender="이 발신처",
    title="{sender}에서 보낸 메일",
    intro="{sender}의 메일을 통해 이 페이지에 오셨습니다. 페이지를 보는 것만으로는 아무것도 바뀌지 않으며, "
    "버튼을 눌러야 바뀝니다.",
    lists="메일 수신",
    is_unsubscribed="수신이 거부되었습니다.",
    measured="회원님에 대해 측정되는 내용",
    kinds=(
        (
            "메일을 열었는지: 언제, 어떤 종류의 프로그램이나 기기로 열었는지. 메일 속 작은 이미지로 알 "
            "수 있습니다."
        ),
        "메일 속 링크를 눌렀는지: 어느 링크를 언제, 어떤 종류의 프로그램이나 기기로 눌렀는지.",
        "메일 서버의 응답: 전달됨, 거부됨, 반송됨.",
    ),
    not_agreed="이러한 이미지와 링크는 동의하신 분께 보내는 메일에만 들어갑니다. "
    "회원님의 동의는 기록되어 있지 않습니다.",
    address_kept="기기의 네트워크 주소도 함께 보관됩니다.",
    address_not_kept="기기의 네트워크 주소는 보관되지 않으며, 회사나 이동통신망 등 어떤 종류의 망인지만 "
    "보관됩니다.",
    retention="이 모든 기록은 {days}일 후 삭제됩니다.",
    retention_of_a_day="이 모든 기록은 하루 후 삭제됩니다.",
    contact="문의처:",
    opens_stopped="메일 열람은 더 이상 기록되지 않습니다.",
    links_stopped="링크 클릭은 더 이상 기록되지 않습니다.",
    records="내 기록",
    buttons={
        WishAct.UNSUBSCRIBE: ("{sender}의 메일링 리스트를 받고 있습니다.", "수신 거부"),
        WishAct.RESUBSCRIBE: ("{sender}의 메일링 리스트를 다시 받을 수 있습니다.", "다시 받기"),
        WishAct.STOP_OPENS: (
            "이미 받은 메일을 포함하여 메일 열람이 기록되지 않게 할 수 있습니다. 이미지는 그대로 보입니다.",
            "메일 열람을 기록하지 않기",
        ),
        WishAct.STOP_LINKS: (
            "이미 받은 메일을 포함하여 링크 클릭이 기록되지 않게 할 수 있습니다. 링크는 그대로 작동합니다.",
            "링크 클릭을 기록하지 않기",
        ),
        WishAct.MAIL_RECORDS: (
            (
                "이 링크를 가진 사람은 누구나 볼 수 있으므로 기록은 여기에 표시되지 않습니다. 메일이 "
                "발송된 주소로 "
                "하루에 한 번까지 받아 볼 수 있습니다."
            ),
            "내 기록을 메일로 받기",
        ),
    },
    done={
        WishAct.UNSUBSCRIBE: "완료되었습니다. {sender}의 메일링 리스트 수신이 거부되었습니다.",
        WishAct.RESUBSCRIBE: "완료되었습니다. {sender}의 메일링 리스트를 다시 받습니다.",
        WishAct.STOP_OPENS: "완료되었습니다. 메일 열람은 더 이상 기록되지 않습니다.",
        WishAct.STOP_LINKS: "완료되었습니다. 링크 클릭은 더 이상 기록되지 않습니다.",
        WishAct.MAIL_RECORDS: "완료되었습니다. 기록은 메일이 발송된 주소로 보내집니다.",
    },
    not_understood="요청을 이해하지 못하여 아무것도 바뀌지 않았습니다. 버튼을 이용해 주세요.",
    not_now="지금은 처리할 수 없어 아무것도 바뀌지 않았습니다. 몇 분 후 다시 시도해 주세요.",
)
WORDS: Final = {words.language: words for words in (_ENGLISH, _GERMAN, _KOREAN)}
