"""Safe Browsing's canonical form, expressions and hashes."""

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing import (
    Canonical,
    canonical_of_text,
    canonicalise,
    expressions,
    full_hash,
    full_hashes,
    host_expression,
    url_expression,
)
from backstamp.urls.safe_browsing.canonical import _canonicalise
from tests.corpus import corpus
from tests.urls.safe_browsing_examples import (
    CANONICAL,
    CANONICAL_OF_THE_GO_CLIENT,
    EXPRESSIONS,
    HASHES,
    NO_URL,
)

STRUCTURE = "http:// https:// HTTP: . .. / // \\ ? # @ : :80 [::1]"
ESCAPES = "% %2 5 %2e %2F %25 %5c %23 %C3%BC %80"
HOSTS = "a b.com xn--a 0x7f 1 1.2.3.4 ü 。 A"
ODD = [b"\t", b"\r\n", b" ", b"\x00", b"\xff"]
PIECES = st.sampled_from([*(piece.encode() for piece in f"{STRUCTURE} {ESCAPES} {HOSTS}".split()), *ODD])
NEAR_URLS = st.lists(PIECES, max_size=14).map(b"".join)
URL_LIKE = NEAR_URLS | NEAR_URLS.map(b"http://a.example/".__add__) | NEAR_URLS.map(b"http://".__add__)


@pytest.mark.parametrize(("url", "canonical"), CANONICAL + CANONICAL_OF_THE_GO_CLIENT)
def test_the_published_examples_of_canonical_urls(url: bytes, canonical: str) -> None:
    assert str(canonicalise(url)) == canonical
    assert str(canonical_of_text(url)) == canonical


@pytest.mark.parametrize("url", NO_URL)
def test_what_names_no_host_has_no_canonical_form(url: bytes) -> None:
    assert canonicalise(url) is None
    assert expressions(url) == ()


@pytest.mark.parametrize(("url", "wanted"), EXPRESSIONS)
def test_the_published_examples_of_expressions(url: str, wanted: list[str]) -> None:
    assert list(expressions(url)) == wanted


@pytest.mark.parametrize(("text", "prefix"), HASHES)
def test_the_published_examples_of_hashes(text: str, prefix: str) -> None:
    assert full_hash(text).hex().startswith(prefix)


def test_each_expression_comes_with_its_hash() -> None:
    assert full_hashes("http://foo.com/") == (
        ("foo.com/", bytes.fromhex("af30010e4c011fc77e1ab03ef898ab2f8dec17c0bd178a875ad0cd9b7a6e5973")),
    )


def test_there_are_at_most_thirty_expressions() -> None:
    found = expressions("https://a.b.c.d.e.f.g/1/2/3/4/5.html?p=1")
    assert len(found) == 30
    assert found[0] == "a.b.c.d.e.f.g/1/2/3/4/5.html?p=1"
    assert found[-1] == "f.g/1/2/3/"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://good.example%2F@evil.example/", "evil.example"),
        ("http://evil.example\\@good.example/", "evil.example"),
        ("http://user:p%40ss@evil.example:8080/x", "evil.example"),
        ("http://a@b@evil.example/", "evil.example"),
        ("http://[::ffff:1.2.3.4]/", "1.2.3.4"),
        ("http://[64:ff9b::102:304]/", "1.2.3.4"),
        ("http://[2001:0DB8:0000::1]/", "[2001:db8::1]"),
        ("http://0177.0.0.01/", "127.0.0.1"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://２１３0706433/", "127.0.0.1"),
        ("http://0x7f.1。。/", "127.0.0.1"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://b%C3%BCcher.example/", "xn--bcher-kva.example"),
        ("http://EXAMPLE。com/", "example.com"),
        ("http://exa\tmple.com\n/", "example.com"),
    ],
)
def test_the_host_is_the_one_that_a_browser_would_ask(url: str, host: str) -> None:
    for canonical in (canonicalise(url), canonical_of_text(url)):
        assert canonical is not None
        assert canonical.host == host


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("https:evil.example/x", "https://evil.example/x"),
        ("http:\\\\evil.example\\x", "http://evil.example/x"),
        ("http:///evil.example/x", "http://evil.example/x"),
        (" HTTP://Evil.Example", "http://evil.example/"),
    ],
)
def test_text_is_read_as_browsers_read_it(text: str, canonical: str) -> None:
    assert str(canonical_of_text(text)) == canonical


@pytest.mark.parametrize(
    "text", ["ftp://a.example/", "javascript:alert(1)", "tel:123", "mailto:a@b.example:1"]
)
def test_other_schemes_have_no_canonical_form(text: str) -> None:
    assert canonical_of_text(text) is None


@given(URL_LIKE | st.binary(max_size=60) | st.binary(max_size=60).map(b"http://a.b/".__add__))
def test_the_canonical_form_of_a_canonical_form_is_itself(url: bytes) -> None:
    canonical = canonicalise(url)
    if canonical is not None:
        text = str(canonical)
        assert canonicalise(text) == canonical
        assert all("!" <= character <= "~" for character in text)
        assert "#" not in text


@given(st.text(max_size=60) | URL_LIKE.map(lambda url: url.decode("utf-8", "surrogateescape")))
def test_any_text_has_a_canonical_form_or_none(text: str) -> None:
    for canonical in (canonicalise(text), canonical_of_text(text)):
        assert canonical is None or str(canonical).isascii()


@given(URL_LIKE)
def test_the_short_way_for_common_links_gives_what_the_long_one_gives(url: bytes) -> None:
    parsed = web_url(url.decode("latin-1"))
    if parsed is not None:
        assert canonicalise(parsed.href) == _canonicalise(parsed.href)


@given(URL_LIKE)
def test_expressions_belong_to_the_url(url: bytes) -> None:
    canonical = canonicalise(url)
    found = expressions(url)
    assert (canonical is None) == (found == ())
    assert len(set(found)) == len(found) <= 30
    if canonical is not None:
        hosts = {expression.partition("/")[0] for expression in found}
        assert canonical.host in hosts
        assert all(host == canonical.host or canonical.host.endswith("." + host) for host in hosts)
        assert f"{canonical.host}/" in found


def expressions_by_the_text(canonical: Canonical) -> set[str]:
    """As the specification says it, word by word."""
    hosts = {canonical.host}
    labels = canonical.host.split(".")
    is_ipv6 = canonical.host.startswith("[") and canonical.host.endswith("]")
    is_address = is_ipv6 or (len(labels) == 4 and all(map(str.isdigit, labels)))
    if not is_address:
        last_five = labels[-5:]
        hosts |= {".".join(last_five[skipped:]) for skipped in range(5) if len(last_five) - skipped >= 2}
    paths = {canonical.path}
    if canonical.query:
        paths.add(f"{canonical.path}?{canonical.query}")
    path = "/"
    for component in ["", *canonical.path.split("/")[1:-1]][:4]:
        path += f"{component}/" if component else ""
        paths.add(path)
    return {host + path for host in hosts for path in paths}


LONG = st.builds(
    "http://{}/{}?{}".format,
    st.lists(st.sampled_from(["a", "b", "c", "1", "2", "300"]), min_size=1, max_size=9).map(".".join),
    st.lists(st.sampled_from(["x", "y.html", "..", ""]), max_size=8).map("/".join),
    st.sampled_from(["", "q", "q/r?s"]),
).map(str.encode)


@example(b"[::1]1.2.3.4")
@given(LONG | URL_LIKE)
def test_expressions_are_those_that_the_text_names(url: bytes) -> None:
    canonical = canonicalise(url)
    if canonical is not None:
        assert set(expressions(url)) == expressions_by_the_text(canonical)


@pytest.mark.parametrize(
    "url",
    [
        "http://x/" + "%25" * 100_000,
        "http://x/%" + "25" * 100_000,
        "http://x/" + "%3" * 100_000 + "%35",
        "http://" + ":" * 300_000,
        "http://" + "1:" * 150_000 + "/",
        "http://" + "." * 300_000 + "a",
        "http://" + "a." * 150_000 + "/",
        "http://" + "@" * 300_000 + "x/",
        "http://x/" + "a/../" * 60_000,
    ],
    ids=lambda url: url[:20],
)
def test_time_grows_with_the_length_only(url: str) -> None:
    began = time.process_time()
    canonicalise(url)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5, 30])
def test_escapes_of_escapes_are_undone_to_the_last(layers: int) -> None:
    assert canonicalise("http://x.example/%" + "25" * layers + "41") == Canonical(
        "http", "x.example", "/A", None
    )
    assert canonicalise("http://x.example/" + "%3" * layers + "%35") == Canonical(
        "http", "x.example", "/5", None
    )


def test_a_list_names_a_url_by_its_first_expression() -> None:
    assert url_expression("hxxp://a.example/") is None
    assert url_expression("http://a.example:81/x/?q=%41") == "a.example/x/?q=A"
    assert url_expression("http://a.example") == "a.example/"
    assert host_expression("A.Example.") == "a.example/"
    assert host_expression("bücher.example") == "xn--bcher-kva.example/"
    assert host_expression("2130706433") == "127.0.0.1/"
    assert host_expression("a.example/x") is None
    assert host_expression("a.example?x") is None
    assert host_expression("a.example#x") is None
    assert host_expression("user@a.example") is None
    assert host_expression("") is None


@pytest.mark.parametrize("name", ["urltestdata", "ada_extra_urltestdata", "ada_long_urltestdata"])
def test_all_http_urls_of_the_corpus_are_canonicalised(name: str) -> None:
    seen = 0
    for case in json.loads(corpus(f"url-wpt-ada/{name}.json").read_bytes()):
        if isinstance(case, str) or not case.get("href", "").startswith(("http://", "https://")):
            continue
        seen += 1
        canonical = canonicalise(case["href"])
        if not case["hostname"].strip("."):
            assert canonical is None
            continue
        assert canonical is not None
        assert canonical.scheme == case["protocol"].removesuffix(":")
        assert canonicalise(str(canonical)) == canonical
        assert full_hashes(case["href"])
        if canonical.host[0] != "[" and ".." not in case["hostname"]:
            assert canonical.host == case["hostname"].strip(".") or case["hostname"][0] == "["
        if case["base"] is None:
            assert canonical_of_text(case["input"]) == canonical
    assert seen > 0
