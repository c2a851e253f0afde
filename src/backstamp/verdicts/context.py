"""What the sibling hits, the message and the sender tell about a hit, as a value."""

import msgspec


class Context(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The facts that sibling hits, the message and the sender tell about one hit.

    "Source" is a pseudonym of the address (docs/verdicts.md, "Same source").  A count includes the hit
    itself.  `None` means not known.  The fields of the last block and `open_was` carry no
    weight, and `context_of` does not ask siblings for them; nor for what was opened before an image hit.

    Attributes:
        links_clicked_within_1s: distinct links of this message fetched for this recipient within 1 s.
        links_clicked_within_2s: the same within 2 s.
        links_clicked_within_5s: the same within 5 s.
        links_clicked_within_30s: the same within 30 s.
        total_links: links of the message; 0 where not known.
        recipients_same_source_60s: recipients for whom this source fetched something within 60 s; the server
            counts to `crowds.MOST_RECIPIENTS`.
        recipients_same_second: recipients for whom this source followed a link in the same second, counted
            alike.
        honeypot_link: the link of this hit is the hidden one, which no reader sees.
        honeypot_same_source_seconds: time between this hit and one on the hidden link by the same source.
        malformed_token: the hit asked for a token with markup behind it, which no program of a reader does.
        malformed_token_same_source_seconds: time between this hit and such a one by the same source.
        before_sent: the hit came before the message was handed over.
        before_delivered: the hit came before the next hop took the message.
        message_state: "draft" where the message was never sent.
        message_bounced: the recipient's copy came back as undeliverable.
        message_kind: "transactional_requested" for mail the recipient waits for, such as a sign-in code.
        self_view_announced_seconds_before: the sender announced an own view that long before.
        sender_cookie: the hit carried the sender's signed cookie.
        same_source_as_sender_session: the hit came from where the sender is signed in.
        same_user_agent_as_sender_session: with the same program as the sender's session.
        tracked_copy_in_sent_folder: the sender's own mailbox holds a tracked copy.
        opened_before: this recipient's image was loaded earlier, by a person or a proxy for one.
        open_was: in words, what loaded it.
        same_source_as_open: that open came from the same source.
        seconds_since_open: time since that open.
        same_source_opened_within_1s: the same source loaded the image within 1 s of this click.
        same_source_clicked_within_1s: the same source followed a link within 1 s of this open.
        user_agents_from_source: distinct User-Agents from this source within 60 s.
        same_user_agent_from_other_network_60s: other sources that showed the same User-Agent within 60 s.
        other_network_same_link_seconds_before: another source followed the same link that long before.
        other_network_same_link_seconds_after: another source followed the same link that long after.
        os_differs_from_prior_click: and it named another operating system.
        browser_get_same_source_seconds_after: a browser of the same source followed the link within 10 s.
        browser_age_days: age of the named browser on the day of the hit, where already worked out.
    """

    links_clicked_within_1s: int = 0
    links_clicked_within_2s: int = 0
    links_clicked_within_5s: int = 0
    links_clicked_within_30s: int = 0
    total_links: int = 0
    recipients_same_source_60s: int = 0
    recipients_same_second: int = 0
    honeypot_link: bool = False
    honeypot_same_source_seconds: float | None = None
    malformed_token: bool = False
    malformed_token_same_source_seconds: float | None = None
    before_sent: bool = False
    before_delivered: bool = False
    message_state: str = ""
    message_bounced: bool = False
    message_kind: str = ""
    self_view_announced_seconds_before: float | None = None
    sender_cookie: bool = False
    same_source_as_sender_session: bool = False
    same_user_agent_as_sender_session: bool | None = None
    tracked_copy_in_sent_folder: bool = False
    opened_before: bool = False
    open_was: str = ""
    same_source_as_open: bool = False
    seconds_since_open: float | None = None
    same_source_opened_within_1s: bool = False
    same_source_clicked_within_1s: bool = False
    user_agents_from_source: int = 0
    same_user_agent_from_other_network_60s: int = 0
    other_network_same_link_seconds_before: float | None = None
    other_network_same_link_seconds_after: float | None = None
    os_differs_from_prior_click: bool = False
    browser_get_same_source_seconds_after: float | None = None
    browser_age_days: int | None = None

    link_position: int | None = None
    link_shared_after_human_click: bool = False
    prefetch_same_source_seconds_before: float | None = None
    prefetch_seconds_before: float | None = None
    prior_opens_same_message: int = 0
    recipients_same_domain: bool = False
    recipients_same_source_6h: int = 0
    same_signature_seconds_ago: float | None = None
