"""What can be wrong with compiled lists, in one line."""


class ThreatListsError(ValueError):
    """The buffer holds no compiled lists, or damaged ones, or those of another version or machine."""
