"""Lists know web addresses: others are looked up as the one within them, or by their host."""

import pytest

from backstamp.urls.other_schemes import looked_up_as


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
        ("view-source:HTTPS:\\\\evil.example/a", "https://evil.example/a"),
        ("feed:https://evil.example/a", "https://evil.example/a"),
        ("x-safari-https://evil.example/a", "https://evil.example/a"),
        ("ms-word:ofe|u|https://evil.example/a.docm|z", "https://evil.example/a.docm"),
    ],
)
def test_an_address_of_another_scheme_leads_to_a_web_address_or_a_host(address: str, stands_for: str) -> None:
    url = looked_up_as(address)
    assert url is not None
    assert url.href == stands_for


@pytest.mark.parametrize(
    "address",
    ["", "about:blank", "ms-settings:", "file:///C:/a.txt", "x://", "x:////", "app://open", "x:https://"],
)
def test_what_names_no_host_is_looked_up_as_nothing(address: str) -> None:
    assert looked_up_as(address) is None
