"""Known faults of the engine, each with what shows it. The tests expect them; who mends one takes it out."""

import re
from typing import Final

BASE_FOR_OUTLOOK: Final = "a base in a conditional comment counts for Outlook: relative links then lead there"
BASE_OF_SRCDOC: Final = "a relative base in srcdoc is not taken against the base of the document around it"
ANIMATED: Final = "SVG animate and set give a link another target; neither wrapped nor listed"
MATHML: Final = "MathML: `xlink:href`, and `href` on an element named area, are not found"
NOSCRIPT: Final = "where scripts are on, noscript is raw text and ends earlier: links behind it are not found"
FRAMESET: Final = "behind a template a frameset takes the place of the body, for turbohtml and no browser"
SELECTED_CONTENT: Final = "links in selectedcontent are dropped by the newest parsers only, and not found"
CONDITION_BLANK: Final = "`[ if` with a blank is not taken for a condition"
CONDITION_END: Final = (
    "in a conditional comment Outlook may read on over `-->` to `<![endif]`: links not found"
)
CONDITION_LEFT_OUT: Final = (
    "what Outlook leaves out between `<![if` and `<![endif]` may hold what hides a link"
)
SOFT_BREAK: Final = (
    "quoted-printable with a bare return gets soft breaks of `=` and a return: nobody knows them"
)
TEXT_CUT_SHORT: Final = "an address that is no URL as a whole: programs that end it earlier make a link of it"
TEXT_SWALLOWED: Final = "an address that is none (`http:///`) swallows the one that is run on to it"
LAX_ADDRESS: Final = "an IPv6 address beside an invisible character is no URL to us, and Chromium opens it"

HOSTILE: Final = {
    "bases/base-in-outlook-comment": BASE_FOR_OUTLOOK,
    "documents-in-attributes/base-of-its-own": BASE_OF_SRCDOC,
    "foreign-content/svg-animate-to": ANIMATED,
    "foreign-content/svg-animate-values": ANIMATED,
    "foreign-content/svg-set": ANIMATED,
    "foreign-content/svg-set-xlink": ANIMATED,
    "foreign-content/svg-set-from-outside": ANIMATED,
    "foreign-content/math-xlink": MATHML,
    "foreign-content/math-area": MATHML,
    "templates-and-noscript/noscript-closed-in-attribute": NOSCRIPT,
    "templates-and-noscript/noscript-closed-in-comment": NOSCRIPT,
    "templates-and-noscript/noscript-closed-in-style": NOSCRIPT,
    "templates-and-noscript/noscript-closed-in-title": NOSCRIPT,
    "templates-and-noscript/noscript-iframe": NOSCRIPT,
    "templates-and-noscript/noscript-closes-link": NOSCRIPT,
    "tables-and-adoption/frameset-after-template": FRAMESET,
    "tables-and-adoption/frameset-in-template": FRAMESET,
    "tables-and-adoption/selectedcontent": SELECTED_CONTENT,
    "conditional-comments/blank-inside": CONDITION_BLANK,
    "conditional-comments/arrow-in-attribute": CONDITION_END,
    "conditional-comments/arrow-in-url": CONDITION_END,
    "conditional-comments/endif-in-attribute": CONDITION_END,
    "conditional-comments/attribute-split": CONDITION_END,
    "conditional-comments/quote-split": CONDITION_END,
    "conditional-comments/hidden-part-has-quote": CONDITION_LEFT_OUT,
    "conditional-comments/hidden-part-has-comment": CONDITION_LEFT_OUT,
    "conditional-comments/hidden-part-has-textarea": CONDITION_LEFT_OUT,
    "urls/address-and-zero-width": LAX_ADDRESS,
}
"""Hostile documents by name."""

IN_MARKUP: Final = {
    NOSCRIPT: re.compile("<noscript", re.IGNORECASE),
    MATHML: re.compile("<math.*(?:xlink:href|<area)", re.IGNORECASE | re.DOTALL),
    SELECTED_CONTENT: re.compile("<selectedcontent", re.IGNORECASE),
}
"""What documents that are made by thousands hold where a fault may show."""

SPLICED: Final = re.compile(
    r"noscript|shadowrootmode|attributename|<frameset|<base|<math|<!(?:--)?\s*\[",
    re.IGNORECASE,
)
"""Pieces that may not be put together at random, because faults would show."""
