"""Registrable domains and alignment."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.urls.domains import aligned, has_known_suffix, registrable_domain
from backstamp.urls.parsing import web_url
from tests.corpus import corpus


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("WWW.Example.COM.", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", None),
        ("com", None),
        ("localhost", None),
        # The private section: strangers share these.
        ("alice.github.io", "alice.github.io"),
        ("x.alice.github.io", "alice.github.io"),
        ("github.io", None),
        # Wildcards and exceptions.
        ("a.b.c.ck", "b.c.ck"),
        ("www.ck", "www.ck"),
        ("x.city.kawasaki.jp", "city.kawasaki.jp"),
        ("x.other.kawasaki.jp", "x.other.kawasaki.jp"),
        # Unlisted: the last two labels.
        ("a.b.example.invalidtld", "example.invalidtld"),
        # IDN, as U-labels, A-labels, full-width and with an ideographic full stop.
        ("www.食狮.com.cn", "xn--85x722f.com.cn"),
        ("www.xn--85x722f.com.cn", "xn--85x722f.com.cn"),
        ("www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("xn--55qx5d.cn", None),
        ("www.xn--mgbaam7a8h.xn--mgbaam7a8h", "xn--mgbaam7a8h.xn--mgbaam7a8h"),
        ("ｗｗｗ．ｅｘａｍｐｌｅ．ｃｏｍ", "example.com"),
        ("www。example。com", "example.com"),
        ("bücher.example.de", "example.de"),
        ("_dmarc.example.com", "example.com"),
        # Addresses have none, in any notation that a browser takes for one.
        ("192.0.2.1", None),
        ("[2001:db8::1]", None),
        ("2001:db8::1", None),
        ("0x7f.1", None),
        ("12.50", None),
        ("example.1", None),
        # No host names.
        ("", None),
        (".", None),
        ("..", None),
        (".com", None),
        (".example.com", None),
        ("a..example.com", None),
        ("example.com..", None),
        ("example.com/x", None),
        ("user@example.com", None),
        ("example.com:80", None),
        ("exa mple.com", None),
        ("example.com\n", None),
        ("exam%70le.com", None),
        ("\ud800.com", None),
        ("a." * 200 + "com", None),
    ],
)
def test_a_hosts_registrable_domain(host: str, domain: str | None) -> None:
    assert registrable_domain(host) == domain


def test_the_lists_own_tests_pass() -> None:
    """The list's `test_psl.txt`; ours answers in A-labels only, and to no leading dot."""
    text = (corpus("psl") / "tests" / "test_psl.txt").read_text()
    cases = re.findall(r"^checkPublicSuffix\('(.+)', (?:'(.+)'|null)\);$", text, re.MULTILINE)
    assert len(cases) > 70
    wrong = []
    for host, expected in cases:
        url = web_url(f"http://{expected}/") if expected else None
        found = registrable_domain(host)
        if found != (url.host if url is not None else None):
            wrong.append((host, expected, found))
    assert wrong == []


def test_every_rule_of_the_list_is_known() -> None:
    text = (corpus("psl") / "public_suffix_list.dat").read_text()
    rules = [line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("//")]
    assert len(rules) > 9000
    unknown = [rule for rule in rules if not has_known_suffix("www." + rule.lstrip("*!."))]
    # Suffixes come and go; the package's list and the corpus need not be of one day.
    assert len(unknown) < 20, unknown


@pytest.mark.parametrize(
    ("host", "other", "same"),
    [
        ("example.com", "news.example.com", True),
        ("t.example.co.uk", "www.EXAMPLE.co.uk.", True),
        ("www.食狮.com.cn", "xn--85x722f.com.cn", True),
        ("example.com", "example.org", False),
        ("example.com", "example.com.evil.example", False),
        ("example.com", "notexample.com", False),
        ("alice.github.io", "bob.github.io", False),
        ("a.co.uk", "b.co.uk", False),
        ("github.io", "github.io", True),
        ("github.io", "alice.github.io", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("localhost", "LOCALHOST.", True),
        ("", "", False),
    ],
)
def test_hosts_of_one_registrable_domain_are_aligned(host: str, other: str, same: bool) -> None:
    assert aligned(host, other) is same
    assert aligned(other, host) is same


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("example.com", True),
        ("co.uk", True),
        ("github.io", True),
        ("x.食狮.公司.cn", True),
        ("com", False),
        ("example.invalidtld", False),
        ("node.js", False),
        ("192.0.2.1", False),
        ("", False),
        ("a." * 200 + "com", False),
    ],
)
def test_whether_a_hosts_suffix_is_on_the_list(host: str, known: bool) -> None:
    assert has_known_suffix(host) is known


@given(st.text(max_size=40) | st.text("ab.-xn@:/[]1。食", max_size=40), st.text(max_size=20))
def test_nothing_makes_it_fail_and_answers_are_stable(host: str, other: str) -> None:
    domain = registrable_domain(host)
    if domain is not None:
        assert domain.isascii()
        assert domain == domain.lower()
        assert registrable_domain(domain) == domain
        assert registrable_domain("www." + domain) == domain
        assert aligned(domain, "www." + domain)
    assert aligned(host, other) is aligned(other, host)
    has_known_suffix(host)


def test_hosts_without_end_are_no_work() -> None:
    began = time.process_time()
    for number in range(1000):
        assert registrable_domain(f"{number}." + "a." * 100_000 + "com") is None
    assert time.process_time() - began < 2
