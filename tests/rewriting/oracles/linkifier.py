"""A linkifier as an oracle for plain text: what linkify-it, as mail programs use it, makes a link."""

from functools import lru_cache

from linkify_it import LinkifyIt  # type: ignore[import-untyped]

_LINKIFY = LinkifyIt(options={"fuzzy_email": False})


@lru_cache(maxsize=2000)
def linkified(text: str) -> tuple[str, ...]:
    """Return what a click on each link would open: those with a scheme of the web or with `www.`.

    Names without either ("example.com") are left out: mail programs disagree on them.
    """
    return tuple(
        str(match.url)
        for match in _LINKIFY.match(text) or ()
        if match.schema in ("http:", "https:") or match.raw[:4].lower() == "www."
    )
