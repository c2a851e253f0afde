"""defects: what is wrong with a body part, as a closed list."""

from enum import StrEnum


class Defect(StrEnum):
    """What is wrong with a part, where mail programs may read it differently from us."""

    HEADER_TOO_BIG = "header_too_big"
    HEADER_IN_DOUBT = "header_in_doubt"
    HEADER_BROKEN_OFF = "header_broken_off"
    BARE_CR = "bare_cr"
    TYPE_IN_DOUBT = "type_in_doubt"
    ODDLY_SPELLED = "oddly_spelled"
    CONTRADICTING_FIELDS = "contradicting_fields"
    ENCODED_MULTIPART = "encoded_multipart"
    NO_BOUNDARY = "no_boundary"
    NO_PARTS = "no_parts"
    NOT_CLOSED = "not_closed"
    PARTS_AFTER_END = "parts_after_end"
    UNSURE_DELIMITERS = "unsure_delimiters"
    LINKS_OUTSIDE_PARTS = "links_outside_parts"
    TOO_DEEP = "too_deep"
