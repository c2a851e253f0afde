import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.tokens import (
    ANONYMOUS,
    MAX_URL_BYTES,
    CopySealer,
    Keyring,
    LinkToken,
    PixelToken,
    UnsealableUrlError,
    open_token,
    seal_link,
    seal_pixel,
)
from backstamp.tokens.keyring import Purpose
from backstamp.tokens.sealing import _LINK_FORMAT, _PIXEL_FORMAT, _sealing
from tests.tokens.mutants import ALPHABET

RING = Keyring.create(bytes(range(32)), bytes(range(32, 64)), created_at=1)
OTHER = Keyring.create(bytes(range(1, 33)), bytes(range(32, 64)), created_at=1)

domains = st.integers(0, 0xFFFF)
ids = st.integers(0, 2**64 - 1)
indexes = st.none() | st.integers(0, 0xFFFE)
numbers = st.integers(0, 0xFFFF)
urls = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=600).map(
    lambda s: "https://" + s
)


@given(domains, ids, st.binary(min_size=8, max_size=8))
def test_a_pixel_says_what_was_sealed_in_48_characters(domain: int, message: int, key: bytes) -> None:
    token = seal_pixel(RING, domain_id=domain, tracking_id=message, recipient_key=key)
    assert len(token) == 48
    assert open_token(RING, token) == PixelToken(1, domain, message, key)


@given(domains, ids, indexes, numbers, urls)
def test_a_link_says_what_was_sealed_and_stays_short(
    domain: int, message: int, index: int | None, number: int, url: str
) -> None:
    token = seal_link(
        RING, domain_id=domain, tracking_id=message, recipient_index=index, link_number=number, url=url
    )
    assert len(token) <= 44 + 1.4 * len(url)
    assert open_token(RING, token) == LinkToken(1, domain, message, index, number, url)


@given(domains, ids, indexes, numbers, urls, st.binary(min_size=8, max_size=8), st.booleans())
def test_a_link_of_protected_mail_says_so_and_no_other_does(
    domain: int, message: int, index: int | None, number: int, url: str, key: bytes, doubtful: bool
) -> None:
    facts = {"domain_id": domain, "tracking_id": message, "recipient_index": index}
    more = {"protected": True, "recipient_key": key}
    protected = seal_link(RING, **facts, **more, link_number=number, url=url, doubtful=doubtful)  # type: ignore[arg-type]
    plain = seal_link(RING, **facts, link_number=number, url=url)  # type: ignore[arg-type]
    assert len(protected) <= 55 + 1.4 * len(url)
    assert open_token(RING, protected) == LinkToken(
        1, domain, message, index, number, url, protected=True, recipient_key=key, doubtful=doubtful
    )
    assert open_token(RING, plain) == LinkToken(1, domain, message, index, number, url, protected=False)
    numbers_in_doubt = frozenset({number} if doubtful else ())
    copy = CopySealer(RING, "", **facts, **more, doubtful=numbers_in_doubt)  # type: ignore[arg-type]
    assert copy.links([(number, url)]) == [f"/{protected}"]


def test_a_newsletter_link_is_shorter_sealed_than_its_campaign_parameters_made_it() -> None:
    url = "https://www.example.com/welcome?utm_source=newsletter&utm_medium=email&utm_campaign=spring"
    token = seal_link(RING, domain_id=1, tracking_id=1, recipient_index=0, link_number=1, url=url)
    assert len(token) < len(url)


@given(
    domains,
    ids,
    indexes,
    numbers,
    st.lists(
        st.from_regex(r"https?://(www\.)?[a-z.]{0,12}(/[a-z0-9]{0,120})?", fullmatch=True),
        min_size=1,
        max_size=5,
    ),
)
def test_the_sealer_of_a_copy_makes_the_same_urls_as_sealing_one_by_one(
    domain: int, message: int, index: int | None, number: int, targets: list[str]
) -> None:
    copy = CopySealer(
        RING, "https://t.example", domain_id=domain, tracking_id=message, recipient_index=index,
        recipient_key=b"01234567",
    )  # fmt: skip
    links = [
        seal_link(
            RING, domain_id=domain, tracking_id=message, recipient_index=index, link_number=number, url=url
        )
        for url in targets
    ]
    pixel = seal_pixel(RING, domain_id=domain, tracking_id=message, recipient_key=b"01234567")
    assert copy.links([(number, url) for url in targets]) == [f"https://t.example/{link}" for link in links]
    assert copy.pixel() == f"https://t.example/{pixel}"
    for link, url in zip(links, targets, strict=True):
        assert open_token(RING, link) == LinkToken(1, domain, message, index, number, url)


def test_hardly_a_link_ends_in_a_hyphen_which_thunderbird_takes_for_punctuation() -> None:
    sealer = CopySealer(RING, "https://t.example", domain_id=1, tracking_id=2, recipient_index=3)
    urls = sealer.links([(number, "https://www.example.com/offer") for number in range(6_000)])
    ends = [url[-1] for url in urls]
    assert ends.count("-") < 10
    assert seal_link(
        RING,
        domain_id=1,
        tracking_id=2,
        recipient_index=3,
        link_number=1,
        url="https://www.example.com/offer",
    ).endswith(ends[1])


@given(st.data(), urls)
def test_one_changed_character_opens_nothing(data: st.DataObject, url: str) -> None:
    token = seal_link(RING, domain_id=1, tracking_id=2, recipient_index=3, link_number=4, url=url)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != token[at]]))
    assert open_token(RING, token[:at] + other + token[at + 1 :]) is None


def test_the_bits_that_the_last_character_does_not_need_are_none_that_one_may_change() -> None:
    opened = 0
    for n in range(3):
        url = f"https://a.example/{'b' * n}"
        token = seal_link(RING, domain_id=1, tracking_id=2, recipient_index=3, link_number=4, url=url)
        opened += sum(open_token(RING, token[:-1] + last) is not None for last in ALPHABET)
    assert opened == 3, "each has one spelling, whatever its length"


@given(st.integers(1, 60))
def test_a_cut_or_lengthened_token_opens_nothing(cut: int) -> None:
    token = seal_link(
        RING, domain_id=1, tracking_id=2, recipient_index=3, link_number=4, url="https://a.example/b"
    )
    assert open_token(RING, token[:-cut]) is None
    assert open_token(RING, token + "A" * cut) is None


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_whatever_text_comes_it_is_simply_not_ours(text: str) -> None:
    assert open_token(RING, text) is None


def test_a_token_of_another_key_ring_is_not_ours() -> None:
    assert open_token(RING, seal_pixel(OTHER, domain_id=1, tracking_id=2)) is None
    link = seal_link(
        OTHER, domain_id=1, tracking_id=2, recipient_index=0, link_number=1, url="https://a.example/"
    )
    assert open_token(RING, link) is None


def test_a_token_sealed_for_one_purpose_opens_for_no_other() -> None:
    as_pixel = _PIXEL_FORMAT.pack(1, 1, 2, ANONYMOUS)
    as_link = _LINK_FORMAT.pack(2, 1, 2, 0, 1) + b"http://evil.example/"
    assert open_token(RING, _sealing(RING, Purpose.LINK)([as_pixel])[0]) is None
    assert open_token(RING, _sealing(RING, Purpose.PIXEL)([as_link])[0]) is None


def test_a_link_token_as_long_as_a_pixel_token_still_opens_as_a_link() -> None:
    tokens = [
        seal_link(
            RING, domain_id=1, tracking_id=2, recipient_index=0, link_number=1, url="https://" + "x" * n
        )
        for n in range(40)
    ]
    assert all(isinstance(open_token(RING, token), LinkToken) for token in tokens)


@pytest.mark.parametrize("url", ["", "https://a.example/ü", "https://a.example/" + "a" * MAX_URL_BYTES])
def test_a_url_that_cannot_be_sealed_is_refused(url: str) -> None:
    with pytest.raises(UnsealableUrlError):
        seal_link(RING, domain_id=1, tracking_id=2, recipient_index=0, link_number=1, url=url)


def test_the_longest_url_comes_back_however_little_it_deflates() -> None:
    start, any_character = "https://a.example/", [chr(code) for code in range(33, 127)]
    url = start + "".join(random.Random(1).choices(any_character, k=MAX_URL_BYTES - len(start)))
    token = seal_link(RING, domain_id=1, tracking_id=2, recipient_index=0, link_number=1, url=url)
    assert len(token) > MAX_URL_BYTES, "it hardly deflates"
    opened = open_token(RING, token)
    assert isinstance(opened, LinkToken)
    assert opened.url == url
