"""What Thunderbird alone reads in plain text is listed, and nothing behind a new URL becomes a part of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.rewriting import Decision, Direction, Manifest, Options, SkipReason, plan, rewrite, unwrap
from tests.rewriting.sealers import FixedSealer

HEADER = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
INBOUND = Options(direction=Direction.INBOUND, excluded_hosts=("known.example",))


def manifest_of(text: str) -> Manifest:
    return plan(HEADER + text.encode(), INBOUND).manifest


def new_text(text: str) -> str:
    return rewrite(HEADER + text.encode(), INBOUND, FixedSealer(0)).raw.removeprefix(HEADER).decode()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see h\0ttp://a.example/ now", "http://a.example/"),
        ("see ww\0w.a.example now", "http://www.a.example/"),
        ("see w\fww.a.example now", "http://www.a.example/"),
        ('see "h t\ttp://a.example/ now"', "http://a.example/now"),
        ("see <ht\0tp:// a.example/>", "http://a.example/"),
        ("see <http:/ /a.example>", "http://a.example/"),
        ("see <URL:h ttps ://a.example/>", "https://a.example/"),
        ("see <http://`a.example/>", "http://`a.example/"),
        ('"said" h ttp://a.example/b "so"', "http://a.example/b"),
    ],
)
def test_an_address_that_only_thunderbird_makes_a_link_of_is_unprotected(text: str, url: str) -> None:
    manifest = manifest_of(text)
    assert [(each.url, each.skip_reason) for each in manifest.candidates] == [(url, SkipReason.UNLOCATED)]
    [link] = manifest.candidates
    assert b"a.example" in (HEADER + text.encode())[link.start : link.end]


def test_what_goes_on_behind_a_harmless_host_is_unprotected_and_not_where_it_is_the_same_host() -> None:
    manifest = manifest_of("http://known.example\0.evil.example/")
    assert [(each.url, each.skip_reason) for each in manifest.candidates] == [
        ("http://known.example/", SkipReason.EXCLUDED_HOST),
        ("http://known.example.evil.example/", SkipReason.UNLOCATED),
    ]
    assert manifest_of('"http://known.example/ is ours"').unprotected == ()


@pytest.mark.parametrize(
    "text",
    [
        'he said "see https://a.example/ for more"',
        '"see: this", https://a.example/, "and": that',
        "\f\nhttps://a.example/\n\f\n",
        "a < b: c > d",
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "https://a.example/dtd">',
    ],
)
def test_ordinary_prose_leaves_nothing_unprotected(text: str) -> None:
    assert manifest_of(text).unprotected == ()


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("<URL: https://a.example/>.", "<URL: {}>."),
        ("<url:\t https://a.example/b >", "<url:\t {} >"),
        ("< https://a.example/>", "< {}>"),
        ('" https://a.example/ "', '" {} "'),
        ("<URL: https://a.example/ b>", "<URL: <{}> >"),
        ('" https://a.example/ is new"', '" <{}> is new"'),
    ],
)
def test_blanks_before_an_address_between_brackets_or_quotes_are_no_doubt(text: str, rewritten: str) -> None:
    assert manifest_of(text).unprotected == ()
    assert [each.decision for each in manifest_of(text).candidates] == [Decision.WRAPPED]
    assert new_text(text) == rewritten.format(FixedSealer(0).link(1, ""))


@pytest.mark.parametrize("count", [1000, 1001])
def test_very_many_null_characters_leave_the_part_in_doubt(count: int) -> None:
    reasons = manifest_of("x\0" * count).unprotected
    assert reasons == ((SkipReason.UNLOCATED,) if count > 1000 else ())


BLANKS = "\v\f\x1c\x1d\x1e\x1f\x85\u1680\u2000\u2003\u2009\u200a\u2028\u202f\u205f"


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_that_thunderbird_goes_on_over_is_parted_from_a_new_url(blank: str) -> None:
    url = FixedSealer(0).link(1, "")
    assert new_text(f"https://a.example/b{blank}!") == f"<{url}>{blank}!"


def test_words_behind_a_new_url_between_quotes_are_parted_from_it() -> None:
    url = FixedSealer(0).link(1, "")
    assert new_text('"https://a.example/ is new"') == f'"<{url}> is new"'
    assert new_text('"https://a.example/\xa0is new"') == f'"<{url}>\xa0is new"'
    assert new_text('"https://a.example/"') == f'"{url}"'
    assert new_text("https://a.example/ is new") == f"{url} is new"


@pytest.mark.parametrize("host", ["3405803782", "0xcb007106"])
def test_an_ipv4_address_as_one_number_behind_one_slash_is_an_address(host: str) -> None:
    [link] = manifest_of(f"see http:/{host}/x").candidates
    assert (link.url, link.decision) == ("http://203.0.113.6/x", Decision.WRAPPED)


@given(
    st.text(alphabet='\0\f \t"<>htp:/w.exampl\n', max_size=60).map(lambda text: f'"http://a.example{text}')
)
def test_such_a_text_always_unwraps_exactly(text: str) -> None:
    raw = HEADER + text.encode()
    rewritten = rewrite(raw, INBOUND, FixedSealer(0))
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw
