"""The rewriting engine needs no more memory than is promised, as `backstamp bench rewrite` measures it."""

import sys

import pytest

from backstamp.app.bench.growth import MOST_OF_HTML, MOST_OF_MESSAGE
from backstamp.app.bench.made_up.newsletters import newsletter, with_attachment, with_emoji
from backstamp.app.bench.peak import peak_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")

MEGABYTE = 1024 * 1024


def test_a_message_whose_weight_is_attachments_takes_at_most_four_times_its_size() -> None:
    raw = with_attachment(newsletter(24 * 1024, 12).raw, 16 * MEGABYTE)
    assert peak_memory(raw) <= MOST_OF_MESSAGE * len(raw)


def test_html_with_an_emoji_takes_at_most_twelve_times_its_size() -> None:
    letter = with_emoji(newsletter(4 * MEGABYTE, 2_000))
    assert len(letter.html) > 2 * MEGABYTE
    assert peak_memory(letter.raw) <= MOST_OF_HTML * len(letter.html)


def test_so_does_html_that_is_only_somewhat_bigger_than_a_newsletter() -> None:
    letter = newsletter(MEGABYTE // 4, 150)
    assert len(letter.html) < MEGABYTE // 4
    assert peak_memory(letter.raw) <= MOST_OF_HTML * len(letter.html)


def test_so_does_html_of_which_every_330_octets_are_a_link() -> None:
    # Big enough for the half of a megabyte by which the kernel may be wrong about a process.
    letter = newsletter(4 * MEGABYTE, 8_000)
    assert len(letter.html) < 340 * 8_000
    assert peak_memory(letter.raw) <= MOST_OF_HTML * len(letter.html)
