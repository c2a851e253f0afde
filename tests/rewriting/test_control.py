"""The control fields of a message."""

import pytest

from backstamp.rewriting import ControlFields, Options, control_fields, plan
from tests.rewriting.sealers import FixedSealer


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Subject: x", ControlFields()),
        (b"X-Backstamp-Opens: on", ControlFields(opens=True)),
        (b"x-backstamp-opens:ON", ControlFields(opens=True)),
        (b"X-Backstamp-Links:\r\n off", ControlFields(links=False)),
        (b"X-Backstamp-Links: perhaps", ControlFields(links=False)),
        (b"X-Backstamp-Links:", ControlFields(links=False)),
        (b"X-Backstamp-Opens: on\r\nX-Backstamp-Opens: off", ControlFields(opens=False)),
        (b"Subject: x\r\n\r\nX-Backstamp-Opens: on", ControlFields()),
        (b"\xff\x00", ControlFields()),
    ],
)
def test_control_fields_are_read_and_doubt_counts_as_off(header: bytes, expected: ControlFields) -> None:
    assert control_fields(header + b"\r\n\r\nbody") == expected


def test_control_fields_are_taken_out_whole_and_nothing_else_changes() -> None:
    raw = b"A: 1\r\nX-Backstamp-Opens:\r\n\t off\r\nB: 2\r\nX-Backstamp-Links: off\r\n\r\nbody\r\n"
    rewritten = plan(raw, Options()).apply(FixedSealer())
    assert rewritten.raw == b"A: 1\r\nB: 2\r\n\r\nbody\r\n"
    assert rewritten.manifest.removed_fields == ("x-backstamp-opens", "x-backstamp-links")


def test_off_in_the_message_wins_over_the_options() -> None:
    raw = b"X-Backstamp-Links: off\r\nContent-Type: text/html\r\n\r\n<a href='https://example.com/'>x</a>"
    planned = plan(raw, Options())
    assert planned.links == ()
    assert planned.has_pixel


def test_on_in_the_message_does_not_win_over_the_options() -> None:
    raw = b"X-Backstamp-Links: on\r\nContent-Type: text/html\r\n\r\n<a href='https://example.com/'>x</a>"
    assert plan(raw, Options(links=False)).links == ()


def test_a_control_field_after_a_line_that_is_no_field_counts_as_off() -> None:
    raw = b"Subject: x\r\nthis is no field\r\nX-Backstamp-Opens: off\r\n\r\nX-Backstamp-Links: off\r\n"
    assert control_fields(raw) == ControlFields(opens=False, links=None)


def test_it_does_so_where_no_empty_line_follows() -> None:
    raw = b"Subject: x\nthis is no field\nx-backstamp-links : on\n"
    assert control_fields(raw) == ControlFields(opens=None, links=False)
