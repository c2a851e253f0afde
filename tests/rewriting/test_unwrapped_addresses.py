"""What only some mail programs link in plain text is listed and judged, though nobody wraps it."""

import pytest

from backstamp.rewriting import Direction, Options, SkipReason, plan
from tests.rewriting.messages import message
from tests.rewriting.sealers import FixedSealer

RECEIVED = Options(direction=Direction.INBOUND)
NAME, OTHER, SHARE = SkipReason.BARE_NAME, SkipReason.OTHER_SCHEME, SkipReason.HOST_WITHOUT_SCHEME


def listed(text: str, options: Options = RECEIVED) -> list[tuple[str, SkipReason | None]]:
    raw = message(text, "text/plain; charset=utf-8")
    made = plan(raw, options)
    candidates = made.manifest.candidates
    if all(each.skip_reason is not None for each in candidates):
        assert made.apply(FixedSealer()).raw == raw
    for each in candidates:
        assert raw[each.start : each.end].decode() in text
    return [(each.url, each.skip_reason) for each in candidates]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log in at evil-bank.com/login, now", [("http://evil-bank.com/login", NAME)]),
        ("see evil-bank.com.", [("http://evil-bank.com/", NAME)]),
        ("(evil.co.uk:8080/a?b=c)", [("http://evil.co.uk:8080/a?b=c", NAME)]),
        (
            "EVIL.COM and b\u00fccher.example.de",
            [("http://evil.com/", NAME), ("http://xn--bcher-kva.example.de/", NAME)],
        ),
        ("<evil.com/a>", [("http://evil.com/a", NAME)]),
        ("setup.py/x", [("http://setup.py/x", NAME)]),
        ("ftp://evil.example/a.", [("ftp://evil.example/a", OTHER)]),
        ("file://evil.example/a SMB://evil/a", [("file://evil.example/a", OTHER), ("SMB://evil/a", OTHER)]),
        ("file://///evil/share", [("file://///evil/share", OTHER)]),
        (
            "file:\\\\evil.example\\a file:///\\\\evil.example\\b",
            [("file:\\\\evil.example\\a", OTHER), ("file:///\\\\evil.example\\b", OTHER)],
        ),
        # A browser would take the host for the name of a user.
        ("\\\\evil.example@SSL@8443\\a", [("\\\\evil.example@SSL@8443\\a", SHARE)]),
        ("\\\\evil.example@80\\a", [("\\\\evil.example@80\\a", SHARE)]),
        (
            "Search-MS:query=a&crumb=location:\\\\evil.example\\a, search:query=b",
            [("Search-MS:query=a&crumb=location:\\\\evil.example\\a", OTHER), ("search:query=b", OTHER)],
        ),
        ("(ms-officecmd:{x})", [("ms-officecmd:{x", OTHER)]),
        ("see webcal://evil.example/a.ics", [("webcal://evil.example/a.ics", OTHER)]),
        ("see news://evil.example/alt.x.", [("news://evil.example/alt.x", OTHER)]),
        ("news: git://evil.example/a", [("git://evil.example/a", OTHER)]),
        ("(vscode://evil.example/a)", [("vscode://evil.example/a", OTHER)]),
        ("a{cursor:pointer}, cursor: a word, vscode:x", [("vscode:x", OTHER)]),
        ("cursor://x.example/a", [("cursor://x.example/a", OTHER)]),
        ("\\\\?\\UNC\\evil.example\\a", [("\\\\?\\UNC\\evil.example\\a", SHARE)]),
        (
            "ms-word:ofe|u|https://evil.example/a.docm",
            [("ms-word:ofe|u", OTHER), ("https://evil.example/a.docm", None)],
        ),
        ("see:\\\\evil.example@80\\a", [("\\\\evil.example@80\\a", SHARE)]),
        ("\uacbd\ub85c\\\\evil.example@80\\a", [("\\\\evil.example@80\\a", SHARE)]),
        ("xhttps:/\\evil.com/a", [("https://evil.com/a", NAME)]),
        ("open \\\\evil.example\\share\\a.doc", [("https://evil.example/share/a.doc", SHARE)]),
        ("ftp://x.example/https://a.example/", [("ftp://x.example/", OTHER), ("https://a.example/", None)]),
        ("evil.com/https://a.example/", [("http://evil.com/", NAME), ("https://a.example/", None)]),
        ("see Evil.Com, evil.Ru", [("http://evil.com/", NAME), ("http://evil.ru/", NAME)]),
        ("see evil.\u0440\u0444.", [("http://evil.xn--p1ai/", NAME)]),
        ("192.0.2.1, 192.0.2.2:8080/a?b", [("http://192.0.2.1/", NAME), ("http://192.0.2.2:8080/a?b", NAME)]),
        ("xhttps://evil.example/a.", [("https://evil.example/a", NAME)]),
        ('"1HTTP://evil.com/b', [("http://evil.com/b", NAME)]),
        ("//evil.com/a, hxxp://evil.net", [("http://evil.com/a", NAME), ("http://evil.net/", NAME)]),
        ("=evil.com, #evil.net", [("http://evil.com/", NAME), ("http://evil.net/", NAME)]),
        ("==evil.com, (#evil.net)", [("http://evil.com/", NAME), ("http://evil.net/", NAME)]),
        ("a=evil.com+evil.net", [("http://evil.com/", NAME), ("http://evil.net/", NAME)]),
        ("\\evil.com, evil.net@ x", [("http://evil.com/", NAME), ("http://evil.net/", NAME)]),
        ("Website:evil.com/a, tel:evil.net", [("http://evil.com/a", NAME), ("http://evil.net/", NAME)]),
        ("see @evil.com/a, (@evil.net)", [("http://evil.com/a", NAME), ("http://evil.net/", NAME)]),
        ("_evil.com_ __a.evil.net__", [("http://evil.com/", NAME), ("http://a.evil.net/", NAME)]),
        ("\\\\evil.com/a, \\\\evil.net", [("http://evil.com/a", NAME), ("http://evil.net/", NAME)]),
        ("Fax/www.evil.com a@b.de/evil.net", [("http://www.evil.com/", NAME), ("http://evil.net/", NAME)]),
        ("see /evil.com/a, x\\evil.net", [("http://evil.com/a", NAME), ("http://evil.net/", NAME)]),
        ("ftp://evil.com/evil.net.", [("ftp://evil.com/evil.net", OTHER)]),
        ("https://.evil.com/a .evil.net", [("http://evil.com/a", NAME), ("http://evil.net/", NAME)]),
        ("1https:\\\\evil.com/a", [("https://evil.com/a", NAME)]),
        ("\u8a73\u7d30\u306fevil.com\u3092\u3054\u89a7", [("http://evil.com/", NAME)]),
        ("evil.com/a\u3092\u3054\u89a7", [("http://evil.com/a%E3%82%92%E3%81%94%E8%A6%A7", NAME)]),
        ("https://a.example=evil.com/a", [("https://a.example/", None), ("http://evil.com/a", NAME)]),
        ("https://a.example/b.com and b.com", [("https://a.example/b.com", None), ("http://b.com/", NAME)]),
    ],
)
def test_it_is_listed_with_what_a_click_would_open(
    text: str, expected: list[tuple[str, SkipReason | None]]
) -> None:
    assert listed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "readme.md, setup.py, node.js, main.rs, a.zip, run.sh",
        "e.g. this, i.e. that, v1.2.3, v1.2.3.4, 1.2.3.4.5, 1.2.3.256, 3.5 kg, U.S.A., end.In the",
        "ann@example.com and ann.smith.de@example.com",
        "/usr/lib/x.so x/y.py \\\\server\\share C:\\\\a.txt",
        "file:///home/me hxxp://evil[.]example mailto:a@b.example",
        "...com .com a..com -.com",
        "x.invalidsuffix",
        "search: this; search:that, feed:me, ms-word: x, forms-word:x, view-source:x, mailto:a@b.example",
        "C:\\\\evil.example\\a (d:\\\\evil.example\\a) a\\\\evil.example\\b",
        "localhost:80, evil.zip and evil.mov",
        '"a b"@evil.com a.b@evil.com x@@evil.com \u8a73a.zip\u3092 x.\u8a73.y a@.com',
    ],
)
def test_what_is_no_name_of_a_host_is_not(text: str) -> None:
    assert listed(text) == []


def test_names_do_not_make_a_mail_unprotected_and_other_schemes_do() -> None:
    raw = message("see example.com/path", "text/plain")
    assert plan(raw, RECEIVED).manifest.unprotected == ()
    raw = message("see ftp://example.com/path", "text/plain")
    assert plan(raw, RECEIVED).manifest.unprotected == (OTHER,)


def test_in_sent_mail_and_in_reports_names_are_not_listed() -> None:
    assert listed("see example.com/path ftp://example.com/", Options(opens=False)) == []
    raw = message("Reporting-MTA: dns; mx.example.com", "message/delivery-status")
    assert plan(raw, RECEIVED).manifest.candidates == ()


def test_a_scheme_of_a_program_is_listed_in_words_of_html_too() -> None:
    raw = message("<p>open <b>search-ms:query=a&amp;crumb=location:\\\\evil.example\\a</b> now")
    found = plan(raw, RECEIVED).manifest.candidates
    assert [(each.url, each.skip_reason) for each in found] == [
        ("search-ms:query=a&crumb=location:\\\\evil.example\\a", SkipReason.OTHER_SCHEME)
    ]


def test_there_is_an_end_to_it() -> None:
    for text in (".aa" * 50_000, "a.com " * 5000, "\\\\" * 50_000, "ftp:/" * 50_000):
        assert len(listed(text)) <= 400
