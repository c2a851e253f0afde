"""Lists know web addresses: others are looked up as the one within them, or by their host."""

import time

import pytest

from backstamp.urls.other_schemes import has_more, looked_up_as, share_hosts


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("ftp://evil.example/a", "http://evil.example/a"),
        ("FTP:\\\\evil.example/a", "http://evil.example/a"),
        ("sftp://user@evil.example:22/a", "http://user@evil.example:22/a"),
        ("file://evil.example/share/a.exe", "http://evil.example/share/a.exe"),
        ("file://///evil.example/a", "http://evil.example/a"),
        ("smb://evil.example/a", "http://evil.example/a"),
        ("webcal://evil.example/a.ics", "http://evil.example/a.ics"),
        ("intent://evil.example/a#Intent;scheme=https;end", "http://evil.example/a#Intent;scheme=https;end"),
        ("search-ms:query=a&crumb=location:\\\\evil.example\\a", "http://evil.example/a"),
        ("microsoft-edge:https://evil.example/a", "https://evil.example/a"),
        ("smb://[2001:db8::1]/a", "http://[2001:db8::1]/a"),
        ("\\\\evil.example@SSL\\a@80", "http://evil.example/a@80"),
        ("microsoft-edge:https:evil.example/a", "https://evil.example/a"),
        ("x:https:https:evil.example/a", "https://evil.example/a"),
        ("\\\\?\\UNC\\evil.example\\a", "http://evil.example/a"),
        ("view-source:HTTPS:\\\\evil.example/a", "https://evil.example/a"),
        ("feed:https://evil.example/a", "https://evil.example/a"),
        ("x-safari-https://evil.example/a", "https://evil.example/a"),
        ("ms-word:ofe|u|https://evil.example/a.docm|z", "https://evil.example/a.docm"),
    ],
)
def test_an_address_of_another_scheme_leads_to_a_web_address_or_a_host(address: str, stands_for: str) -> None:
    assert [url.href for url in looked_up_as(address)] == [stands_for]


@pytest.mark.parametrize(
    ("address", "stand_for"),
    [
        (
            "intent://evil.example/#Intent;S.browser_fallback_url=https://safe.example;end",
            [
                "https://safe.example/",
                "http://evil.example/#Intent;S.browser_fallback_url=https://safe.example;end",
            ],
        ),
        (
            "ms-word:nft|s|https://safe.example/a|u|https://safe.example/b.dotm",
            ["https://safe.example/a", "https://safe.example/b.dotm"],
        ),
        (
            "ftp://evil.example/https://safe.example",
            ["https://safe.example/", "http://evil.example/https://safe.example"],
        ),
        ("a:$(https://a&b@evil.example/x)", ["https://a&b@evil.example/x)"]),
        (
            "x:https://safe.example;https://evil.example/",
            ["https://safe.example/", "https://evil.example/"],
        ),
        ("x:?url=https%3A/evil.example/a", ["https://evil.example/a"]),
    ],
)
def test_one_that_names_several_is_looked_up_as_each(address: str, stand_for: list[str]) -> None:
    assert [url.href for url in looked_up_as(address)] == stand_for


@pytest.mark.parametrize(
    "escaped",
    ["https://evil.example/", "https%3A%2F%2Fevil.example%2F", "https%253a%252f%252fevil.example%252f"],
)
def test_what_is_escaped_in_one_is_looked_up(escaped: str) -> None:
    assert [url.href for url in looked_up_as(f"firefox://open-url?url={escaped}")] == [
        "https://evil.example/"
    ]


@pytest.mark.parametrize("port", ["", "@SSL", "@ssl@8443", "@80"])
def test_a_share_is_looked_up_by_its_host_whatever_says_how_it_is_asked(port: str) -> None:
    assert [url.host for url in looked_up_as(f"\\\\evil.example{port}\\DavWWWRoot\\a")] == ["evil.example"]


def test_there_is_an_end_to_what_is_looked_up() -> None:
    many = "".join(f"https://{number}.example/|" for number in range(100))
    assert len(looked_up_as(f"x:{many}")) == 20
    assert has_more(f"x:{many}")
    assert has_more("x:" + "|".join(f"//{number}.example/" for number in range(21)))
    assert not has_more("x:" + "|".join(f"//{number}.example/" for number in range(20)))


def test_others_that_stand_behind_it_do_not_keep_its_own_host_from_being_looked_up() -> None:
    decoys = "|".join(f"https://{number}.example/" for number in range(100))
    found = [url.host for url in looked_up_as(f"ftp://evil.example/{decoys}")]
    assert found == [*(f"{number}.example" for number in range(20)), "evil.example"]


@pytest.mark.parametrize("sign", ["/", "//\\", "https://", "https:", "%2F%2F", "%25252F", "a@80//", "%5c|"])
def test_it_takes_no_longer_the_more_often_a_sign_is_there_than_that_many_times(sign: str) -> None:
    """At most 40 ms measured; half a minute where each slash of a run is a beginning."""
    began = time.process_time()
    address = "x:" + sign * (64_000 // len(sign))
    looked_up_as(address)
    has_more(address)
    share_hosts(address)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "address",
    ["", "about:blank", "ms-settings:", "file:///C:/a.txt", "x://", "x:////", "app://open", "x:https://"],
)
def test_what_names_no_host_is_looked_up_as_nothing(address: str) -> None:
    assert looked_up_as(address) == ()


@pytest.mark.parametrize(
    "address",
    [
        "file://evil.example/a",
        "FILE:\\\\evil.example\\a",
        "file:////evil.example/a",
        "file:///\\\\evil.example\\a.rtf!x",
        "file:%5C%5Cevil.example\\a",
        "file://evil.example@SSL/a",
        "smb://evil.example/a",
        "\\\\evil.example\\a",
        "\\\\evil.example@80\\a",
        "\\\\?\\UNC\\evil.example\\a",
        "search-ms:query=a&crumb=location:\\\\evil.example\\a",
        "search-ms:query=a&crumb=location:%255C%255Cevil.example%2540SSL%255Ca",
        "ms-word:ofe|u|\\\\evil.example\\a",
        "ms-word:ofe|u|file://evil.example/a",
        "mhtml:file:%2F%2Fevil.example/a",
        "view-source:smb://evil.example/a",
    ],
)
def test_it_is_known_on_whose_share_an_address_is(address: str) -> None:
    assert share_hosts(address) == {"evil.example"}


@pytest.mark.parametrize(
    "address",
    [
        "file:///home/evil.example",
        "file:///C:/a.b",
        "ftp://evil.example/a",
        "x:https://evil.example/",
        "x:profile://evil.example/",
        "x-file://evil.example/a",
        "//x.y/",
        "vscode://file/c:\\\\Projects\\acme.io\\a.py",
        "C:\\\\acme.io\\a",
    ],
)
def test_what_windows_asks_no_host_for_is_no_share(address: str) -> None:
    assert share_hosts(address) == frozenset()
