"""Our URLs come back from a reply also where the program that quotes them has spelled them anew."""

import base64
import email
import email.header
import email.policy
from time import process_time
from urllib.parse import quote

import pytest

from backstamp.rewriting import unwrap
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.rendering import html_body
from tests.rewriting.sealers import BASE

SEALED = f"{BASE}/L1{'x' * 50}-_y"
ORIGINAL = "https://shop.example/a?b=1&c='2',3"
ESCAPED = "https://shop.example/a?b=1&amp;c=&#39;2&#39;,3"
QUOTED = "https%3A%2F%2Fshop.example%2Fa%3Fb%3D1%26c%3D%272%27%2C3"
PIXEL = f"{BASE}/P{'y' * 47}"
READER = {SEALED: ORIGINAL, PIXEL: ""}.get


def broken(by: str, *, at: int = 50) -> str:
    return by.join(SEALED[start : start + at] for start in range(0, len(SEALED), at))


def in_html(html: str) -> str:
    return html_body(unwrap(message(html), READER)).decode()


def in_text(text: str, parameters: str = "") -> str:
    return html_body(unwrap(message(text, f"text/plain; charset=utf-8{parameters}"), READER)).decode()


REFERENCES = [
    SEALED.replace("/", "&#47;"),
    SEALED.replace("/", "&#x2F;").replace(":", "&#58;"),
    SEALED.replace("/", "&sol;").replace(":", "&colon;").replace("_", "&lowbar;"),
    SEALED.replace(".", "&#46;").replace("-", "&#045;").replace("y", "&#x79;"),
]


@pytest.mark.parametrize("url", REFERENCES)
def test_signs_may_be_written_as_references(url: str) -> None:
    html = f"<a href='{url}' title='{url}'>{url}</a> ({url}), {url}&nbsp;x"
    assert in_html(html) == html.replace(url, ESCAPED)
    assert in_text(f"see {url} x") == f"see {ORIGINAL} x"


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("lower", [False, True])
def test_as_a_part_of_another_address_it_comes_back_escaped_as_it_was(times: int, lower: bool) -> None:
    url, expected = SEALED, QUOTED
    for number in range(times):
        url = url.replace("%", "%25").replace(":", "%3A").replace("/", "%2F")
        expected = expected.replace("%", "%25") if number else expected
    url = url.lower().replace(SEALED.lower()[-50:], SEALED[-50:]).replace("l1x", "L1x") if lower else url
    other = f"https://other.example/go?to={url}&x=1"
    assert in_html(f"<a href='{other}'>{other}</a>") == (
        f"<a href='{other}'>{other}</a>".replace(url, expected)
    )
    assert in_text(f"{other}\r\n> <{other}>").count(expected) == 2
    assert in_html(f"<a href='mailto:?body=see%20{url}%20x'>") == (
        f"<a href='mailto:?body=see%20{expected}%20x'>"
    )


def test_what_is_escaped_more_often_than_any_program_does_is_left_alone() -> None:
    url, expected = SEALED, ORIGINAL
    for _ in range(8):
        url, expected = quote(url, safe=""), quote(expected, safe="")
    assert in_text(url) == expected
    assert in_text(quote(url, safe="")) == quote(url, safe="")


@pytest.mark.parametrize(
    ("sign", "escaped"), [("-", "%2D"), ("-", "%2d"), ("_", "%5F"), ("x", "%78"), (".", "%2E")]
)
def test_signs_may_be_escaped_that_need_not_be(sign: str, escaped: str) -> None:
    url = SEALED.replace(sign, escaped)
    assert in_html(f"<a href='{url}'>{url}</a>") == f"<a href='{ESCAPED}'>{ESCAPED}</a>"
    assert in_text(f"see {url}, and <{url}>.") == f"see {ORIGINAL}, and <{ORIGINAL}>."
    assert in_html(f"<p>{url}. {url}%2Ex") == f"<p>{ESCAPED}. {ESCAPED}%2Ex"


def test_slashes_that_stood_as_they_are_stay_so() -> None:
    url = SEALED.replace(":", "%3A")
    expected = QUOTED.replace("%2F", "/")
    assert in_text(f"https://other.example/?to={url}&x") == f"https://other.example/?to={expected}&x"


@pytest.mark.parametrize(
    "by", ["\r\n", "\r\n   ", "\t", " \r\n\t", "<br>", "<br />\r\n", "<br>&gt; ", "\r\n&gt;&nbsp;&gt; "]
)
def test_in_html_it_may_be_broken_over_lines(by: str) -> None:
    if "<" not in by and "&" not in by:
        assert in_html(f"<a href='{broken(by)}'>x</a>") == f"<a href='{ESCAPED}'>x</a>"
    if by != "\t":
        for at in (26, 50, 70):
            html = f"<pre>&gt; see {{}}, and{by}{{}}{by}more</pre>"
            assert in_html(html.format(broken(by, at=at), SEALED)) == html.format(ESCAPED, ESCAPED)
    assert in_html(f"<p>{SEALED[:40]}\r\n\r\n{SEALED[40:]}") == f"<p>{SEALED[:40]}\r\n\r\n{SEALED[40:]}"


@pytest.mark.parametrize("by", ["\r\n", "\r\n> ", "\r\n>> ", " \r\n> > ", "=\r\n", "!\r\n ", "\r\n    "])
def test_in_text_it_may_be_broken_anywhere(by: str) -> None:
    text = "> see {}. And\r\n{}\r\nmore"
    for at in (15, 21, 22, 26, 72):
        assert in_text(text.format(broken(by, at=at), SEALED)) == text.format(ORIGINAL, ORIGINAL)
    for at in range(1, 24):
        assert in_text(text.format(SEALED[:at] + by + SEALED[at:], "x")) == text.format(ORIGINAL, "x")


@pytest.mark.parametrize("mark", ["\u200b", "\u00ad", "\u2060", "\ufeff"])
def test_in_text_too_long_words_may_be_parted(mark: str) -> None:
    assert in_text(f"see {broken(mark, at=30)}{mark} x{mark}") == f"see {ORIGINAL}{mark} x{mark}"


@pytest.mark.parametrize(
    "around", ["*{}*", "_{}_", "__{}__", "~{}~", "`{}`", "[x]({})", '![x]({} "t")', "[1]: {}"]
)
def test_marks_of_emphasis_and_of_markdown_belong_to_nothing(around: str) -> None:
    assert in_text(around.format(SEALED)) == around.format(ORIGINAL)
    assert in_html(f"<p>{around.format(SEALED)}</p>") == f"<p>{around.format(ESCAPED)}</p>"


@pytest.mark.parametrize("by", ["\r\n", "\r\n> "])
@pytest.mark.parametrize(
    "wrapper",
    [
        "https://eur01.safelinks.protection.outlook.com/?url={}&data=05%7C02&reserved=0",
        "https://linkprotect.cudasvc.com/url?a={}&c=E,1,abc&typo=1",
        "https://urldefense.proofpoint.com/v2/url?u={}&d=DwMF&c=x&e=",
    ],
)
def test_a_wrapper_around_ours_that_is_broken_over_lines_gives_way_as_a_whole(wrapper: str, by: str) -> None:
    inner = SEALED.replace(":", "%3A").replace("/", "%2F")
    if "proofpoint" in wrapper:
        inner = SEALED.replace("_", "%5F").replace(":", "-3A").replace("/", "_").replace("-_y", "-2D-5Fy")
        inner = f"https-3A__t.example.net_L1{'x' * 50}-2D-5Fy"
    url = wrapper.format(inner)
    text = by.join(url[start : start + 60] for start in range(0, len(url), 60))
    assert in_text(f"> see {text} x\r\n") == f"> see {ORIGINAL} x\r\n"


def test_a_pixel_in_an_address_that_is_escaped_or_spelled_in_references_goes() -> None:
    for url in (PIXEL.replace("/", "&#x2F;"), f"https://proxy.example/?u={PIXEL.replace(':', '%3A')}&x"):
        assert in_html(f"<p>x<img src='{url}'>y") == "<p>xy"
    assert in_text(f"x[{PIXEL[:60]}\r\n{PIXEL[60:]}]y") == "xy"


def test_nothing_is_joined_or_changed_that_no_token_opens() -> None:
    for other in (SEALED[:-1], SEALED.replace("x", "z", 1)):
        for text in (
            broken("\r\n> ").replace(SEALED[-8:], other[-9:]) + "!",
            f"{other}\r\nmore",
            f"%3A{other}",
        ):
            if SEALED not in text.replace("\r\n> ", ""):
                assert in_text(text) == text
                assert in_html(text) == text


def subject(raw: bytes) -> str:
    value = email.message_from_bytes(raw, policy=email.policy.compat32)["Subject"]
    return str(email.header.make_header(email.header.decode_header("".join(value.splitlines()))))


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    "written",
    [
        f"Re: see {SEALED}, x",
        f"Re: see\n {SEALED}, x",
        f"Re: see {SEALED[:50]}\n {SEALED[50:]}, x",
    ],
)
def test_a_subject_that_names_it_gets_the_original_back(written: str, newline: bytes) -> None:
    for name in ("Subject", "Thread-Topic"):
        raw = message("x", header=f"{name}: {written}\nX-Other: {SEALED}\n", newline=newline)
        found = unwrap(raw, READER)
        joined = raw.replace(SEALED[:50].encode() + newline + b" ", SEALED[:50].encode())
        expected = joined.replace(f"{SEALED}, x".encode(), f"{ORIGINAL}, x".encode())
        assert found == expected


@pytest.mark.parametrize("content_type", ["message/rfc822", "message/global"])
def test_the_header_of_an_attached_message_gets_it_back_too(content_type: str) -> None:
    own = f"List-Unsubscribe: <{PIXEL}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    innermost = f"Subject: Fwd: {SEALED}\r\n{own}Content-Type: text/plain\r\n\r\nsee {SEALED}\r\n"
    attached = f"Thread-Topic: {SEALED}\r\nContent-Type: {content_type}\r\n\r\n{innermost}"
    raw = multipart("mixed", part(content_type, attached), part("text/plain", SEALED))
    assert unwrap(raw, READER) == raw.replace(own.encode(), b"").replace(SEALED.encode(), ORIGINAL.encode())


def test_but_not_within_what_is_signed() -> None:
    raw = multipart(
        "signed", part("message/rfc822", f"Subject: {SEALED}\r\n\r\nx"), part("application/x", "")
    )
    assert unwrap(raw, READER) == raw


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "UTF-8", "utf-8*en"])
@pytest.mark.parametrize("encoding", ["q", "b"])
def test_so_does_one_in_encoded_words(charset: str, encoding: str) -> None:
    words: list[str] = []
    octets = f"Größe {SEALED}, x".encode(charset.partition("*")[0])
    for start in range(0, len(octets), 30):
        piece = octets[start : start + 30]
        text = (
            "".join(f"={each:02X}" for each in piece) if encoding == "q" else base64.b64encode(piece).decode()
        )
        words.append(f"=?{charset}?{encoding}?{text}?=")
    joined = "\n ".join(words)
    raw = message("x", header=f"Subject: Re: {joined} y\nX-Other: z\n")
    found = unwrap(raw, READER)
    assert subject(found.replace(b"*en", b"")) == f"Re: Größe {ORIGINAL}, x y"
    assert max(map(len, found.splitlines())) <= 76
    assert found.partition(b"X-Other")[2] == raw.partition(b"X-Other")[2]
    assert found.startswith(b"From: a@example.com\r\nSubject: Re: =?")


@pytest.mark.parametrize(
    "value", [f"=?utf-8?q?{SEALED[:-1]}?= =?utf-7?b?x?= =?x?q?{SEALED}?= =?utf-8?b?!?=", f"{SEALED}x"]
)
def test_a_subject_without_ours_or_that_cannot_be_read_stays_as_it_is(value: str) -> None:
    raw = message("x", header=f"Subject: {value}\n")
    assert unwrap(raw, READER) == raw


def test_a_subject_whose_line_would_become_too_long_stays_as_it_is() -> None:
    raw = message("x", header=f"Subject: {SEALED}\n")
    assert unwrap(raw, {SEALED: f"https://shop.example/{'a' * 1000}"}.get) == raw


def folded(line: str, at: int = 75) -> str:
    pieces = [line[:at], *(line[start : start + at - 1] for start in range(at, len(line), at - 1))]
    return "\r\n ".join(pieces)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"DESCRIPTION:see {SEALED}\\nand\\, x", ORIGINAL.replace(",", "\\,")),
        (f'DESCRIPTION;ALTREP="{SEALED}":x', ORIGINAL),
        (f"URL:{SEALED}", ORIGINAL),
        (f"CONFERENCE;VALUE=URI;FEATURE=VIDEO:{SEALED}", ORIGINAL),
        (f"X-ALT-DESC;FMTTYPE=text/html:<a href='{SEALED}'>{SEALED}</a>", ESCAPED.replace(";", "\\;")),
    ],
)
def test_a_calendar_entry_that_quotes_it_gets_the_original_back(line: str, expected: str) -> None:
    expected = (
        expected.replace("&#39\\;", "&#x27\\;").replace(",3", "\\,3") if "ALT-DESC" in line else expected
    )
    for written in (line, folded(line), folded(line, 40)):
        text = f"BEGIN:VCALENDAR\r\nSUMMARY:a\r\n  b\r\n{written}\r\nEND:VCALENDAR\r\n"
        raw = multipart("alternative", part("text/plain", "x"), part("text/calendar; method=REQUEST", text))
        found = unwrap(raw, READER).decode()
        assert found.replace("\r\n ", "") == raw.decode().replace("\r\n ", "").replace(SEALED, expected)
        assert "SUMMARY:a\r\n  b\r\n" in found
        if written is not line:
            assert max(map(len, found.splitlines())) <= 75 + len(line.rpartition(SEALED)[2])


def test_a_property_of_a_calendar_entry_is_read_once_however_many_urls_it_has() -> None:
    text = f"BEGIN:VCALENDAR\r\nDESCRIPTION{';X=1' * 60_000}:{f'{SEALED} ' * 6_000}\r\nEND:VCALENDAR\r\n"
    began = process_time()
    found = html_body(unwrap(message(text, "text/calendar; method=REQUEST"), READER)).decode()
    assert found.count(ORIGINAL.replace(",", "\\,")) == 6_000
    assert process_time() - began < 20


@pytest.mark.parametrize(
    "text",
    [
        "http:///" * 100_000,
        "http://a.b/c\n" * 40_000,
        f"http://a.b/c{chr(10)}xxxxxxxxx" * 40_000,
        "https://eur01.safelinks.protection.outlook.com/?url=x\n" * 12_000,
        "https%3A%2F%2Fa.b%2F" * 40_000,
        f"http:{'&#47;' * 24_000}" * 8,
        "http://a/\u00adx" * 40_000,
        f"https://eur01.safelinks.protection.outlook.com/?url={'x' * 20_000}{chr(0xAD) * 400_000}",
    ],
)
def test_what_looks_like_ours_without_end_is_given_up(text: str) -> None:
    began = process_time()
    assert in_text(text).replace("\r", "") == text
    assert process_time() - began < 20
