"""Which mail is given a List-Unsubscribe."""

import pytest

from backstamp.policy import ConsentMode, DomainPolicy, Snapshot, adds_unsubscribe
from backstamp.vocabulary import Origin

BOTH = frozenset({Origin.GATEWAY, Origin.SUBMISSION})


@pytest.mark.parametrize(
    ("origin", "ways", "domain", "added"),
    [
        (Origin.GATEWAY, frozenset(), None, False),
        (Origin.GATEWAY, BOTH, None, True),
        (Origin.GATEWAY, frozenset(), True, True),
        (Origin.GATEWAY, BOTH, False, False),
        (Origin.SUBMISSION, frozenset({Origin.GATEWAY}), None, False),
        (Origin.SUBMISSION, frozenset({Origin.GATEWAY}), True, False),
        (Origin.SUBMISSION, BOTH, None, True),
        (Origin.SUBMISSION, BOTH, False, False),
    ],
)
def test_a_domain_decides_for_its_lists_and_submitted_mail_must_be_asked_for(
    origin: Origin, ways: frozenset[Origin], domain: bool | None, added: bool
) -> None:
    snapshot = Snapshot(
        published_at_us=0,
        enabled=True,
        consent_mode=ConsentMode.REQUIRED,
        tracking_url="",
        origins={},
        unsubscribe=ways,
        domains={"example.org": DomainPolicy(domain_id=1, name="example.org", unsubscribe=domain)},
    )
    assert adds_unsubscribe(snapshot, origin=origin, sender_domain="example.org") is added


def test_without_a_policy_nothing_is_added() -> None:
    assert not adds_unsubscribe(None, origin=Origin.GATEWAY, sender_domain="example.org")
