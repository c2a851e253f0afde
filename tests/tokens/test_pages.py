"""Tokens of recipients' own pages."""

from hypothesis import given
from hypothesis import strategies as st

from backstamp.tokens import (
    ANONYMOUS,
    Keyring,
    PageToken,
    open_page,
    open_return_path,
    open_token,
    seal_link,
    seal_page,
    seal_pixel,
    seal_return_path,
)

RING = Keyring.create(b"k" * 32, b"a" * 32, 1)
FACTS = st.fixed_dictionaries(
    {
        "domain_id": st.integers(0, 0xFFFF),
        "tracking_id": st.integers(0, 2**64 - 1),
        "recipient_index": st.integers(0, 0xFFFE),
        "recipient_key": st.binary(min_size=8, max_size=8),
        "sender_domain": st.from_regex(r"[a-z0-9.-]{0,255}", fullmatch=True),
    }
)


def sealed(**changes: object) -> str:
    facts = {"domain_id": 3, "tracking_id": 7, "recipient_index": 2, "recipient_key": b"recipien"}
    return seal_page(RING, **(facts | {"sender_domain": "Example.org"} | changes))  # type: ignore[arg-type]


def test_a_page_token_says_whose_page_it_is_and_of_whose_mail() -> None:
    assert open_page(RING, sealed()) == PageToken(1, 3, 7, 2, b"recipien", "example.org")
    assert b"example" not in sealed().encode()


def test_it_opens_after_a_rotation_and_for_no_other_ring() -> None:
    assert open_page(RING.rotated(b"n" * 32, 2), sealed()) is not None
    assert open_page(Keyring.create(b"o" * 32, b"a" * 32, 1), sealed()) is None


@given(FACTS)
def test_what_is_sealed_is_what_opens(facts: dict[str, object]) -> None:
    token = seal_page(RING, **facts)  # type: ignore[arg-type]
    opened = open_page(RING, token)
    assert opened is not None
    assert {name: getattr(opened, name) for name in facts} == facts
    assert open_token(RING, token) is None


@given(st.integers(0, 66), st.sampled_from("ABCabc019-_=+/ é"))
def test_a_token_with_one_other_character_is_not_ours(place: int, character: str) -> None:
    token = sealed()
    changed = token[:place] + character + token[place + 1 :]
    assert changed == token or open_page(RING, changed) is None


@given(st.text(max_size=500))
def test_no_text_makes_it_raise(text: str) -> None:
    assert open_page(RING, text) is None


def test_tokens_of_other_purposes_are_no_page() -> None:
    pixel = seal_pixel(RING, domain_id=1, tracking_id=7, recipient_key=ANONYMOUS)
    link = seal_link(
        RING,
        domain_id=1,
        tracking_id=7,
        recipient_index=1,
        link_number=1,
        url="https://example.org/" + "a" * 60,
    )
    path = seal_return_path(RING, tracking_id=7, recipient_index=1)
    assert [open_page(RING, each) for each in (pixel, link, path)] == [None] * 3
    assert open_return_path(RING, sealed()) is None


def test_a_domain_that_is_none_is_left_out() -> None:
    for domain in ("b\u00fccher.example", "a b.example", "a" * 256):
        opened = open_page(RING, sealed(sender_domain=domain))
        assert opened is not None
        assert opened.sender_domain == ""
