"""Packets, however they are cut; and octets that are none."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.gateway.milter import codec
from backstamp.gateway.milter.codec import MAX_PACKET, Command, MilterProtocolError, PacketReader
from backstamp.gateway.milter.conversation import Arrived, Conversation
from backstamp.gateway.protocol.mail_data import Budget
from tests.gateway.milter import mta
from tests.gateway.milter.mta import packet, split

PACKETS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=8)


@given(PACKETS, st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_packets_are_the_same_however_they_are_cut(
    packets: list[tuple[int, bytes]], sizes: list[int]
) -> None:
    data = b"".join(packet(bytes([command]), payload) for command, payload in packets)
    reader = PacketReader()
    found: list[tuple[int, bytes]] = []
    while data:
        for size in sizes:
            found += reader.feed(data[:size])
            data = data[size:]
    assert found == packets


@pytest.mark.parametrize("length", [0, MAX_PACKET + 1, 2**32 - 1])
def test_an_impossible_length_is_refused_before_anything_is_kept(length: int) -> None:
    with pytest.raises(MilterProtocolError, match="a packet of an impossible length"):
        list(PacketReader().feed(struct.pack("!I", length)))


@pytest.mark.parametrize(
    ("family", "address", "told"),
    [
        (b"4", b"192.0.2.1", b"192.0.2.1"),
        (b"6", b"2001:db8::1", b"2001:db8::1"),
        (b"6", b"IPv6:2001:db8::1", b"2001:db8::1"),
        (b"L", b"/run/sock", b"/run/sock"),
    ],
)
def test_a_clients_address_is_read(family: bytes, address: bytes, told: bytes) -> None:
    (_, data), *_ = split(mta.connect(address, b"host.example", family))
    assert codec.read_connect(data) == told


def test_a_client_may_be_unknown() -> None:
    assert codec.read_connect(b"localhost\0U") == b""


def test_a_reply_has_no_macros() -> None:
    assert codec.reply_code(b"550 5.7.1 100%") == packet(b"y", b"550 5.7.1 100%%\0")


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([
    mta.message(), mta.macros(b"E", i=b"Q"), mta.connect(), packet(b"H", b"x\0"), packet(b"A"), packet(b"K"),
    packet(b"M", b"<>\0"), packet(b"R", b"<a@b>\0"), packet(b"L", b"A\0b\0"), packet(b"E"), packet(b"N"),
    packet(b"B", b"x"), packet(b"O"), packet(b"L"), packet(b"D"), packet(b"M"), packet(b"C", b"\0\0"),
])), max_size=12), st.integers(0, 400))  # fmt: skip
def test_whatever_is_said_is_taken_or_refused_and_no_memory_is_lost(said: list[bytes], room: int) -> None:
    budget = Budget(room)
    conversation = Conversation(max_size=room, budget=budget, new_trace_id=lambda: "id")
    reader = PacketReader()
    with contextlib.suppress(MilterProtocolError):
        for data in (mta.negotiate(), *said):
            for command, payload in reader.feed(data):
                step = conversation.take(command, payload)
                if isinstance(step, Arrived):
                    assert step.raw[step.body_start - 2 : step.body_start] == b"\r\n"
                    conversation.forget()
    conversation.forget()
    assert budget.take(room)


def test_every_command_is_named() -> None:
    assert {chr(each) for each in Command} == set("ABCDEHKLMNOQRTU")
