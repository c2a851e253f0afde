"""confusables: which host names look like others (Unicode Technical Standard 39, Security Mechanisms).

The data is Unicode's own (`data/unicode.txt`, made by `tools/unicode-tables`). Of the packages looked at,
confusable-homoglyphs 3.3.1 and confusables 1.2.0 have had no release since January 2024 and March 2021 and
know neither skeletons nor restriction levels; ICU's bindings with its spoof checker weigh 60 to 180 MB.
"""

from backstamp.threats.confusables.labels import LabelDoubt, doubt_of
from backstamp.threats.confusables.names import unicode_labels
from backstamp.threats.confusables.skeletons import bare_skeleton, skeleton

__all__ = ["LabelDoubt", "bare_skeleton", "doubt_of", "skeleton", "unicode_labels"]
