"""How the pages before a link look: one card, a colour for how bad it is, readable with any of them.

Each colour has a contrast of 4.5 and more on its ground, by day and by night (WCAG 2.2, 1.4.3); a test
counts it.
"""

from typing import Final

from backstamp.edge.link_pages.wording import Look
from backstamp.edge.replies.document import Style

STYLE: Final = Style(
    ":root{--bad:#b3261e;--bad-ground:#fceeee;--doubt:#7a4f00;--doubt-ground:#fdf3e0;--calm:#0b57d0;"
    "--calm-ground:#e9f0fc}"
    "@media screen and (prefers-color-scheme:dark){:root{--bad:#ffb4ab;--bad-ground:#3a1d1b;--doubt:#ffc069;"
    "--doubt-ground:#35270f;--calm:#a8c7fa;--calm-ground:#17263f}}"
    ".blocked{--tone:var(--bad);--tone-ground:var(--bad-ground)}"
    ".warned,.unchecked,.abandoned{--tone:var(--doubt);--tone-ground:var(--doubt-ground)}"
    ".switched-off,.checking,.reported{--tone:var(--calm);--tone-ground:var(--calm-ground)}"
    ".by{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem .75rem;margin:0 0 1rem;color:var(--soft)}"
    ".by img{display:block;max-height:3rem;max-width:10rem;padding:.25rem;background:#fff;"
    "border-radius:.4rem}"
    "article{background:var(--paper);border:1px solid var(--line);border-top:.4rem solid var(--tone);"
    "border-radius:.75rem;overflow:hidden}"
    "article>header{padding:1.5rem clamp(1rem,4vw,2rem);background:var(--tone-ground)}"
    "header svg{display:block;width:2.75rem;height:2.75rem;margin-bottom:.9rem;color:var(--tone)}"
    "header p{margin:0}"
    ".rest{padding:1.25rem clamp(1rem,4vw,2rem) 1.75rem}"
    ".rest>:first-child{margin-top:0}"
    "dl{margin:0}"
    "dt{margin-top:1rem;color:var(--soft);font-size:.9rem}"
    "dt:first-child{margin-top:0}"
    "dd{margin:.15rem 0 0}"
    "dd ul{margin:0;padding:0;list-style:none}"
    "dd li+li{margin-top:.35rem}"
    ".host{font:1.15rem/1.4 ui-monospace,'Cascadia Mono',Menlo,Consolas,monospace;color:var(--soft)}"
    ".host strong{color:var(--ink);text-decoration:underline;text-decoration-color:var(--tone);"
    "text-decoration-thickness:.15em;text-underline-offset:.25em}"
    ".note{color:var(--soft);font-size:.9rem}"
    "details{margin-top:1.25rem}"
    "summary{cursor:pointer;color:var(--accent);min-height:1.75rem}"
    "code{overflow-wrap:anywhere}"
    ".words{margin-top:1.5rem;padding:.1rem 1rem;border-inline-start:.25rem solid var(--tone);"
    "background:var(--ground);border-radius:.25rem}"
    ".go-on{margin-top:1.75rem;padding-top:1.25rem;border-top:1px solid var(--line)}"
    ".go-on p,.tell p{margin:0 0 .75rem}"
    ".tell{margin-top:1.25rem;padding:1.25rem clamp(1rem,4vw,2rem) 1.5rem;background:var(--paper);"
    "border:1px solid var(--line);border-radius:.75rem}"
    ".tell h2{margin:0 0 .25rem}"
    ".tell details{margin:0 0 1rem}"
    ".tell label{margin-top:.5rem}"
    ".tell div{display:flex;flex-wrap:wrap;gap:.75rem}"
    "label{display:block;margin-bottom:.3rem}"
    "textarea{display:block;width:100%;min-height:4.5rem;margin-bottom:.9rem;padding:.6rem;font:inherit;"
    "color:inherit;background:var(--ground);border:1px solid var(--soft);border-radius:.5rem;resize:vertical}"
    "footer{margin-top:1.25rem;color:var(--soft)}"
    "@keyframes turn{to{transform:rotate(1turn)}}"
    ".checking svg{animation:turn 2s linear infinite}"
    "@media(prefers-reduced-motion:reduce){.checking svg{animation:none}}",
    leads_on=True,
)

_SHIELD: Final = "M12 2 4 5v6c0 5 3.4 9.4 8 11 4.6-1.6 8-6 8-11V5z"
_TRIANGLE: Final = "M12 3 1.8 21h20.4z"
_QUESTION: Final = (
    f'<path d="{_SHIELD}"/><path d="M9.6 9.4a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2 1-1.2 1.9m0 2.8v.1"/>'
)
_PATHS: Final = {
    Look.BLOCKED: f'<path d="{_SHIELD}"/><path d="m8.8 8.8 6.4 6.4m0-6.4-6.4 6.4"/>',
    Look.SWITCHED_OFF: '<path d="M12 3v9"/><path d="M6.3 6.8a8.2 8.2 0 1 0 11.4 0"/>',
    Look.WARNED: f'<path d="{_TRIANGLE}"/><path d="M12 9.5v5m0 3v.1"/>',
    Look.CHECKING: '<path d="M12 3a9 9 0 1 0 9 9"/>',
    Look.REPORTED: f'<path d="{_SHIELD}"/><path d="m8.3 12 2.6 2.6 4.8-5"/>',
    Look.UNCHECKED: _QUESTION,
    Look.ABANDONED: _QUESTION,
}


def icon(look: Look) -> str:
    """Return the picture of a kind of page; it says nothing that the words do not say."""
    return (
        '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{_PATHS[look]}</svg>'
    )
