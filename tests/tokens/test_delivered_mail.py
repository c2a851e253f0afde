"""Delivered mail stays as it is: every version opens what an earlier one sealed, and goes on sealing it so.

A layout, the number of a kind, the name of a subkey or an octet of the dictionary that changes kills all
links that wait in mailboxes. These tokens are of 0.1: none is ever corrected, only others are added.
"""

import pytest

from backstamp.tokens import (
    ANONYMOUS,
    Keyring,
    LinkToken,
    PageToken,
    PixelToken,
    ReturnPath,
    open_page,
    open_return_path,
    open_token,
    seal_link,
    seal_page,
    seal_pixel,
    seal_return_path,
)

RING = Keyring.create(bytes(range(32)), bytes(range(32, 64)), created_at=1)
DOMAIN, MESSAGE, INDEX, NUMBER, WHO = 3, 0x00007_123456789AB, 2, 5, b"recipien"

PIXELS = {
    "AYt4LtjmvYdHqQzR-Z879hZOEiMiqAO33-5TI9ggvz6H98-t": WHO,
    "AVaEFv3Ymw1-0WQjM2_PtZlGoMydpjAelkA2T9YH5pTnYe-R": ANONYMOUS,
}
LINKS = {
    "AaEFA1VYD-QcEYzj6hSfmSBC2wckkr0lPgLhVMjt64O9hqdUEX_2I0n02hKq": "https://www.example.org/a",
    "AZGeI62dY1SBImE9qe1uUS5mQJFrtl1tfKYTt8-sCaNC39zA-9TErDHS4ifM": "https://example.org/a",
    "AeRESEVYctuPN1TLgOdgyjopxB8-c4ZoB4hGLYdlDQgpAb2LhEM4qskrAamI": "http://www.example.org/a",
    "AX8TiAgIe_ZgB1JV-4YEUs12TYFulaCU3CpRi8Kqh4J5UYu1_M3pTeGiKfgV": "http://example.org/a",
    "AaABLpBdjboaQ8WqQRoSKGb9K2epLV2-vPQd-LZ6sJG90QQluI7BB1MM4UUF6e4WlnmsfQ": "mailto:a@example.org",
    "AWa161uCDjvHQiMkUA1nM7iytMk0Nxb6wi2luz0I1z0qLNbYpV2dVmkz2_bQERwE25-QRCgge-qxHr3nRcQOOw": (
        "https://shop.example/en/sale?utm_source=newsletter&utm_medium=email&utm_campaign=spring"
        "&utm_content=header&id=4711"
    ),
}
OF_NOBODY = "AaxGeYRmdmn5UiP_kv8JgxYgBqhoCc7RBN6PlFn2UFpk8YARTElKeS9hfSHh"
PROTECTED = {
    "AVYfNkPm-l0k2ieJXRijX7JTWAp4f7v9pvg3F_aZt4Irdbm4jti5hJxhxsRFcPaMtFAjRkQ": False,
    "Acceru-6tUsJ9TWW4w8GPgT_cIvSVBIJgCjvWS9_hha0QsOkMvrBPVomrAVB-Ukx9TV0nZM": True,
}
PAGE = "AdbZGPTlu6DQGm-99HUnW6ak1NPWO4heQuKtSmaImjN523LYEbeBEPZN88yvoXJKAw"
RETURN_PATH = "b-ae3pbcyr2b2of7aycmpadxufmzors27sdjr57hvxsvyii"


@pytest.mark.parametrize(("token", "key"), PIXELS.items())
def test_a_pixel(token: str, key: bytes) -> None:
    assert open_token(RING, token) == PixelToken(1, DOMAIN, MESSAGE, key)
    assert seal_pixel(RING, domain_id=DOMAIN, tracking_id=MESSAGE, recipient_key=key) == token


@pytest.mark.parametrize(("token", "url"), LINKS.items())
def test_a_link_of_whatever_kind(token: str, url: str) -> None:
    assert open_token(RING, token) == LinkToken(1, DOMAIN, MESSAGE, INDEX, NUMBER, url)
    sealed = seal_link(
        RING, domain_id=DOMAIN, tracking_id=MESSAGE, recipient_index=INDEX, link_number=NUMBER, url=url
    )
    # Another zlib may deflate otherwise: what is sealed then opens, and need not be the same.
    assert sealed == token or len(url) > 90


def test_a_link_of_nobody_in_particular() -> None:
    url = "https://example.org/a"
    assert open_token(RING, OF_NOBODY) == LinkToken(1, DOMAIN, MESSAGE, None, NUMBER, url)


@pytest.mark.parametrize(("token", "doubtful"), PROTECTED.items())
def test_a_link_of_received_mail(token: str, doubtful: bool) -> None:
    url = "https://example.org/a"
    opened = LinkToken(1, DOMAIN, MESSAGE, INDEX, NUMBER, url, True, WHO, doubtful)
    assert open_token(RING, token) == opened
    sealed = seal_link(
        RING,
        domain_id=DOMAIN,
        tracking_id=MESSAGE,
        recipient_index=INDEX,
        link_number=NUMBER,
        url=url,
        protected=True,
        recipient_key=WHO,
        doubtful=doubtful,
    )
    assert sealed == token


def test_a_recipients_own_page() -> None:
    assert open_page(RING, PAGE) == PageToken(1, DOMAIN, MESSAGE, INDEX, WHO, "example.org")
    page = seal_page(
        RING,
        domain_id=DOMAIN,
        tracking_id=MESSAGE,
        recipient_index=INDEX,
        recipient_key=WHO,
        sender_domain="example.org",
    )
    assert page == PAGE


def test_a_reverse_path() -> None:
    assert open_return_path(RING, RETURN_PATH) == ReturnPath(1, MESSAGE, INDEX)
    assert seal_return_path(RING, tracking_id=MESSAGE, recipient_index=INDEX) == RETURN_PATH


def test_a_person_keeps_the_pseudonym_under_which_the_records_know_them() -> None:
    assert RING.recipient_key("ann@example.org").hex() == "e1c1272628d0c7b9"
    assert RING.derive("console").hex() == "2fe1ee71ab1ef1f5b70b694b5aa676665d91288e7a503bd7859372e9ea1024e0"
