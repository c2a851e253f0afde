"""The page itself: what is so now, and the buttons. No script, nothing from elsewhere."""

from html import escape
from typing import Final

import msgspec

from backstamp.edge.own_page.words import Words
from backstamp.edge.replies.document import Style, document
from backstamp.edge.replies.prepared import Page
from backstamp.policy import ConsentState, Snapshot, SuppressionReason
from backstamp.policy.suppression import EVERY_DOMAIN
from backstamp.tokens import PageToken
from backstamp.vocabulary import ConsentMode, WishAct

_STYLE: Final = Style(
    "section{margin-top:1.25rem;padding:1.25rem clamp(1rem,4vw,2rem) 1.5rem;background:var(--paper);"
    "border:1px solid var(--line);border-radius:.75rem}"
    "h2{margin:0 0 .75rem}"
    "p{margin:0 0 .75rem}"
    "ul{margin:0 0 .75rem;padding-inline-start:1.25rem}"
    "li+li{margin-top:.35rem}"
    "section>:last-child{margin-bottom:0}"
    "ul~form,ul~.stopped{margin:1.25rem 0 0;padding-top:1.25rem;border-top:1px solid var(--line)}"
    "button[value=unsubscribe]{color:var(--on-accent);background:var(--accent);border-color:var(--accent)}"
    ".said{margin-bottom:1rem}"
)
"""Each of a recipient's three questions on a card, as the pages before a link have them."""


class Standing(msgspec.Struct, frozen=True):
    """What is so of a recipient: unsubscribed from this sender's lists, and measuring stopped.

    `not_agreed`: silence is no consent here, and the recipient has given it on neither axis.
    """

    unsubscribed: bool = False
    opens_stopped: bool = False
    links_stopped: bool = False
    not_agreed: bool = False

    def after(self, act: WishAct) -> "Standing":
        """Return what is so once a wish is granted."""
        changes = {
            WishAct.UNSUBSCRIBE: {"unsubscribed": True},
            WishAct.RESUBSCRIBE: {"unsubscribed": False},
            WishAct.STOP_OPENS: {"opens_stopped": True},
            WishAct.STOP_LINKS: {"links_stopped": True},
        }
        return msgspec.structs.replace(self, **changes.get(act, {}))


def standing(snapshot: Snapshot | None, token: PageToken) -> Standing:
    """Return what the policy says of the token's recipient; without one nothing is known."""
    if snapshot is None:
        return Standing()
    key = token.recipient_key
    scopes = (token.sender_domain.lower(), EVERY_DOMAIN)
    unsubscribed = SuppressionReason.UNSUBSCRIBED
    consent = snapshot.consents.get(key)
    return Standing(
        any(key in snapshot.suppressed.get(scope, {}).get(unsubscribed, ()) for scope in scopes),
        consent is not None and consent.opens is ConsentState.WITHDRAWN,
        consent is not None and consent.links is ConsentState.WITHDRAWN,
        snapshot.consent_mode is ConsentMode.REQUIRED
        and (consent is None or ConsentState.GRANTED not in (consent.opens, consent.links)),
    )


def filled(text: str, words: Words, token: PageToken) -> str:
    """Return a text with the sender's name in it, not escaped."""
    return text.replace("{sender}", token.sender_domain or words.some_sender)


def own_page(
    words: Words,
    token: PageToken,
    so: Standing,
    snapshot: Snapshot | None,
    *,
    status: int = 200,
    said: str = "",
) -> Page:
    """Return the page. `said` is what happened just now, in plain text."""

    def text(words_: str) -> str:
        return escape(filled(words_, words, token))

    def button(act: WishAct) -> str:
        above, on_it = words.buttons[act]
        return (
            f'<form method="post"><p>{text(above)}</p>'
            f'<button name="act" value="{act.value}">{text(on_it)}</button></form>'
        )

    lines = [f"<h1>{text(words.title)}</h1>"]
    if said:
        lines.append(f'<p class="said" role="status">{text(said)}</p>')
    lines += [f"<p>{text(words.intro)}</p>", f"<section><h2>{text(words.lists)}</h2>"]
    if so.unsubscribed:
        lines += [f"<p>{text(words.is_unsubscribed)}</p>", button(WishAct.RESUBSCRIBE)]
    else:
        lines.append(button(WishAct.UNSUBSCRIBE))
    lines += ["</section>", f"<section><h2>{text(words.measured)}</h2>", "<ul>"]
    lines += [f"<li>{text(kind)}</li>" for kind in words.kinds]
    lines.append("</ul>")
    if so.not_agreed:
        lines.append(f"<p>{text(words.not_agreed)}</p>")
    if snapshot is not None:
        kept = words.address_kept if snapshot.keep_addresses else words.address_not_kept
        lines.append(f"<p>{text(kept)}</p>")
        if days := snapshot.privacy.retention_days:
            retention = words.retention_of_a_day if days == 1 else words.retention.format(days=days)
            lines.append(f"<p>{text(retention)}</p>")
        if contact := snapshot.privacy.contact:
            shown = escape(contact)
            lines.append(f'<p>{text(words.contact)} <a href="mailto:{shown}">{shown}</a></p>')
    for stopped, sentence, act in (
        (so.opens_stopped, words.opens_stopped, WishAct.STOP_OPENS),
        (so.links_stopped, words.links_stopped, WishAct.STOP_LINKS),
    ):
        lines.append(f'<p class="stopped">{text(sentence)}</p>' if stopped else button(act))
    lines += [
        "</section>",
        f"<section><h2>{text(words.records)}</h2>",
        button(WishAct.MAIL_RECORDS),
        "</section>",
    ]
    content = "\n".join(("<main>", *lines, "</main>"))
    return document(status, words.language, filled(words.title, words, token), content, _STYLE)
