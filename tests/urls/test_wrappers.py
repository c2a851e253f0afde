"""Other vendors' wrappers."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.urls.parsing import web_url
from backstamp.urls.wrappers import is_protective_wrapper, unwrap_foreign

TARGET = "https://example.com/a/b?c=d&e=f"
SAFE_HOST = "https://eur03.safelinks.protection.outlook.com"
SAFE_LINK = f"{SAFE_HOST}/?url={quote(TARGET, safe='')}&data=05%7C01&sdata=x&reserved=0"


@pytest.mark.parametrize(
    "wrapped",
    [
        SAFE_LINK,
        f"https://outlook.office.com/mail/safelink.html?url={quote(TARGET, safe='')}",
        f"https://urldefense.proofpoint.com/v1/url?u={quote(TARGET, safe='')}&k=x",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__example.com_a_b-3Fc-3Dd-26e-3Df&d=x&c=y",
        "https://urldefense.com/v3/__https://example.com/a/b?c=d&e=f__;!!abc!def$",
        "https://urldefense.com/v3/__https:/example.com/a/b?c=d*e=f__;Jg!!abc!def$",
        f"https://linkprotect.cudasvc.com/url?a={quote(TARGET, safe='')}&c=E,1,x&typo=1",
        f"https://www.google.com/url?q={quote(TARGET, safe='')}&sa=D",
        f"https://www.google.co.uk/url?url={quote(TARGET, safe='')}",
    ],
)
def test_the_url_inside_a_wrapper_is_found(wrapped: str) -> None:
    assert unwrap_foreign(wrapped) == TARGET


def test_runs_of_replaced_characters_are_put_back() -> None:
    # `**A` stands for two of the replaced characters (here `%%`).
    assert (
        unwrap_foreign("https://urldefense.com/v3/__https://example.com/a**Ab__;JSU!!x$")
        == "https://example.com/a%%b"
    )


def test_wrappers_of_wrappers_are_unwrapped_to_a_depth_of_five() -> None:
    def wrap(url: str) -> str:
        return f"https://www.google.com/url?q={quote(url, safe='')}"

    wrapped = TARGET
    for _ in range(5):
        wrapped = wrap(wrapped)
    assert unwrap_foreign(wrapped) == TARGET
    assert unwrap_foreign(wrap(wrap(wrapped))) == wrap(wrap(TARGET))


@pytest.mark.parametrize(
    "url",
    [
        TARGET,
        "https://protect-eu.mimecast.com/s/AbC?domain=example.com",
        "https://example.com/url?q=https://example.org/",
        "https://safelinks.protection.outlook.com.example.com/?url=https://example.org/",
        "https://eur03.safelinks.protection.outlook.com/?url=javascript:alert(1)",
        "https://eur03.safelinks.protection.outlook.com/?data=x",
        "https://urldefense.com/v3/__https://example.com*__;!!",
        "https://urldefense.com/v3/x",
        "https://www.google.com/url?q=%ff%fe",
        "not a url",
    ],
)
def test_what_holds_no_url_is_not_unwrapped(url: str) -> None:
    assert unwrap_foreign(url) in (None, "https://example.com/")


@pytest.mark.parametrize(
    ("url", "protective"),
    [
        (SAFE_LINK, True),
        ("https://urldefense.com/v3/x", True),
        ("https://protect-us.mimecast.com/s/x", True),
        ("https://www.google.com/url?q=x", False),
        ("https://example.com/", False),
        ("https://urldefense.com.example.com/", False),
    ],
)
def test_protections_are_told_from_mere_redirectors(url: str, protective: bool) -> None:
    found = web_url(url)
    assert found is not None
    assert is_protective_wrapper(found) is protective


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_nothing_makes_unwrapping_fail(text: str) -> None:
    for prefix in (
        "",
        "https://urldefense.com/v3/__",
        "https://urldefense.com/v2/url?u=",
        "https://www.google.com/url?q=",
    ):
        found = unwrap_foreign(prefix + text)
        assert found is None or found.isascii()
