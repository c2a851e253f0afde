"""What servers say, and what it means: the words of many systems."""

import tomllib
from pathlib import Path
from typing import Final

import pytest

from backstamp.mail.reports import Action, BounceClass, Cause
from backstamp.mail.reports.bounce_class import bounce_class, tells_nothing
from backstamp.mail.reports.causes import cause_of
from backstamp.mail.reports.replies import code_in, status_in

HARD = (Cause.USER_UNKNOWN, Cause.HOST_UNKNOWN, Cause.MOVED)
SAID = {
    Cause.USER_UNKNOWN: (
        "550 5.1.1 User unknown",
        "550 no such local user here",
        "550 <bob@example.net>: Recipient address rejected: User unknown in local recipient table",
        "550 5.4.1 Recipient address rejected: Access denied. AS(1)",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by lookup",
        "554 delivery error: dd This user doesn't have a yahoo.example account",
        "550 Requested action not taken: mailbox unavailable",
        "550 Unknown local part bob",
        "Sorry, no mailbox here by that name",
        "550 5.1.1 The email account that you tried to reach does not exist",
        "User bob (bob@example.net) not listed in Domino Directory",
        "Recipient user name bob not unique. Several matches found",
        "cette adresse n'existe pas",
        "받는 사람이 존재하지 않습니다",
        "Căsuța poștală nu există",
        "Der Server mx.example antwortete: Empfänger unbekannt",
        "Le serveur a répondu : adresse introuvable",
        "El servidor respondió: el usuario no existe",
        "Сервер ответил: пользователь не существует",
        "ドメイン example.jp のユーザーが見つかりません",
        "域名 example.cn 的收件人不存在",
    ),
    Cause.HOST_UNKNOWN: (
        "Host or domain name not found. Name service error for name=x.example type=AAAA: Host not found",
        "Sorry, I couldn't find any host named x.example. (#5.1.2)",
        "all host address lookups failed permanently",
        "DNS Error: Domain name not found",
        "Domain x.example does not accept mail (nullMX)",
        "Unrouteable address",
        "Der Server mx.example wurde nicht gefunden",
        "Le domaine example.fr est introuvable",
        "El dominio example.es no existe",
        "O domínio example.pt não existe",
        "Домен example.ru не найден",
        "ドメイン example.jp が見つかりません",
        "도메인 example.kr 을 찾을 수 없습니다",
        "域名 example.cn 不存在",
    ),
    Cause.MAILBOX_FULL: (
        "cannot append message to destination file /var/mail/bob: error writing message: File too large",
        "552 recipient storage full, try again later",
        "552 5.2.2 Mailbox full",
        "452 4.2.2 The email account that you tried to reach is over quota",
        "552 Requested mail action aborted: exceeded storage allocation",
        "mailbox quota exceeded for this user",
        "the user has overdrawn his diskspace quota",
        "account is full (quota exceeded)",
        "mail box space not enough",
        "받는 사람의 용량이 초과",
        "Căsuța poștală a destinatarului este plină",
    ),
    Cause.TOO_BIG: (
        "552 5.3.4 Message size exceeds fixed limit",
        "the maximum incoming message size was exceeded",
    ),
    Cause.DISABLED: ("550 5.2.1 The account is disabled", "554 mailbox currently suspended"),
    Cause.RATE: (
        "554 5.1.1 rate limit exceeded, come back tomorrow",
        "Domain example.org has exceeded the max defers and failures per hour (5/5 (100%)) allowed",
        "550 5.1.90 daily recipient limit has been reached",
        "421 4.7.0 [TSS04] messages temporarily deferred",
        "450 4.2.0 Greylisted, see later",
    ),
    Cause.CONTENT: (
        "554 5.7.1 Content filtering rejected this message",
        "554 5.7.1 Message rejected as spam",
        "550 virus found in the attachment",
        "550 Content reject. FAAAANsG60M9BmDT.1",
        "552 5.7.0 an illegal attachment was found",
        "554 executable files stay outside",
        "550 password-protected zip archive",
        "552 5.7.0 suspicious links",
        "552 5.7.0 blocked because of its content",
        "554 5.7.1 Message blocked due to content restrictions.",
        "554 5.6.0 Message with invalid header rejected, id=1 - MIME error: UnexpectedBound",
    ),
    Cause.POLICY: (
        "550-AOL no longer accepts connections from dynamically assigned",
        "451-192.0.2.7 is not yet authorized to deliver mail from",
        "554 5.7.1 Relay access denied",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "550 5.7.26 Unauthenticated email is not accepted due to the DMARC policy",
        "554 Service refused. Client host [192.0.2.1] blocked using a blocklist",
        "450 4.7.1 <bob@example.net>: Recipient address rejected: Access denied",
        "550 5.7.1 <bob@example.net>: Recipient address rejected: Rejected by SPF: not a designated server",
        "550 5.1.1 <bob@example.net> blocked: 192.0.2.1 is listed at a dnsbl",
        "The group you wrote to may not exist, or you may not have permission to post to it",
        "550 5.7.1 permission to write to this list denied",
    ),
    Cause.LOOP: (
        "554 5.4.6 Too many hops",
        "Message looping (received 6 times)",
        "mail for x.example loops back",
    ),
    Cause.EXPIRED: ("delivery temporarily suspended: retry timeout exceeded", "message too old"),
    Cause.SYSTEM: (
        "deliver: /var/mail: Read-only file system",
        "local agent: error while loading shared libraries: libz.so.1",
        "maildir delivery failed: create maildir file /home/bob/Maildir/tmp/1.P2.mx: Permission denied",
        "cannot update mailbox /var/mail/bob for user bob. cannot open file: Permission denied",
        "451 4.1.1 user lookup temporarily failed",
        "550 5.1.1 internal error, nothing was looked up",
        "Child process of address_pipe transport returned 127 from command: /usr/local/bin/x",
    ),
    Cause.NETWORK: (
        "connect to mx.example.net[192.0.2.7]:25: Connection timed out",
        "No route to host",
        "Deferred: Connection refused by mx.example.net.",
    ),
}


@pytest.mark.parametrize(
    ("cause", "said"), [(cause, said) for cause, texts in SAID.items() for said in texts]
)
def test_the_words_of_a_server_tell_the_cause(cause: Cause, said: str) -> None:
    status, code = status_in(said), code_in(said)
    assert cause_of(status, said) is cause
    expected = BounceClass.HARD if cause in HARD else BounceClass.SOFT
    assert bounce_class(Action.FAILED, status, code, cause) is expected


ANSWERS: Final[dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("server_answers.toml").read_text("utf-8")
)


@pytest.mark.parametrize("expected", ANSWERS)
def test_what_servers_answer_tells_whether_the_address_is_to_blame(expected: str) -> None:
    wrong = []
    for answer in ANSWERS[expected]:
        status = status_in(answer)
        cause = cause_of(status, answer)
        known = not tells_nothing(answer)
        told = bounce_class(Action.FAILED, status, code_in(answer), cause, understood=known).value
        if expected == "gone" and cause in (Cause.USER_UNKNOWN, Cause.MOVED):
            told = "gone"
        if told != expected:
            wrong.append((answer, cause))
    assert wrong == []


@pytest.mark.parametrize(
    "said",
    [
        "سرور یافت نشد",
        "امکان ارسال پیام وجود ندارد",
        "सर्वर नहीं मिला",
        "serverit ei leitud",
        "Nepavyko rasti serverio",
        "Strežnika ni bilo mogoče najti",
        "no s'ha trobat el servidor",
        "nincs ilyen jogosultság",
        "няма такъв достъп",
        "o servidor non existe",
    ],
)
def test_what_is_not_found_is_no_person_where_no_word_says_so(said: str) -> None:
    assert cause_of("", said) not in (Cause.USER_UNKNOWN, Cause.MOVED)


def test_the_host_that_speaks_is_not_the_one_that_is_unknown() -> None:
    assert cause_of("", "host mx.example.net said: 550 unknown user bob") is Cause.USER_UNKNOWN
    assert cause_of("", "host mx.example.net says:\n 550 bob unknown user account") is Cause.USER_UNKNOWN


def test_what_a_notice_says_far_behind_a_reply_is_no_part_of_it() -> None:
    assert cause_of("", "550 nope, dear customer") is Cause.DISABLED
    assert cause_of("", f"550 nope {'. ' * 200}dear customer") is Cause.UNKNOWN
