"""What is kept of a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.edge.recording.kept_headers import KEPT_HEADERS, VALUE_LIMIT, kept_headers, referring_host
from backstamp.verdicts.facts import VALUE_LIMIT as FACTS_LIMIT

names = st.sampled_from([*KEPT_HEADERS, "cookie", "authorization", "x-forwarded-for", "x-real-ip", "te"])


@given(items=st.lists(st.tuples(names, st.text(max_size=700)), max_size=30))
def test_only_the_closed_set_is_kept_and_cut(items: list[tuple[str, str]]) -> None:
    kept = kept_headers(items)
    assert set(kept) == {KEPT_HEADERS[name] for name, _ in items if name in KEPT_HEADERS}
    assert all(len(value) <= VALUE_LIMIT for value in kept.values())


def test_the_first_of_two_fields_counts() -> None:
    assert kept_headers([("user-agent", "one"), ("user-agent", "two")]) == {"user_agent": "one"}


def test_the_verdict_cuts_where_the_edge_cuts() -> None:
    assert VALUE_LIMIT == FACTS_LIMIT


@pytest.mark.parametrize(
    ("referer", "host"),
    [
        ("https://mail.example.org/inbox/secret?x=y", "mail.example.org"),
        ("https://mail.example.org", "mail.example.org"),
        ("https://mail.example.org?token=1", "mail.example.org"),
        ("https://user:pass@mail.example.org:8443/", "mail.example.org:8443"),
        ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("about:blank", ""),
        ("", ""),
    ],
)
def test_of_a_referer_only_the_host_is_kept(referer: str, host: str) -> None:
    assert referring_host(referer) == host
