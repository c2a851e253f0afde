"""`backstamp protect message`: received mail on standard input, guarded on standard output.

Mail programs call it as a filter, so it ends with the codes of sysexits.h, and whatever goes wrong here is
`EX_TEMPFAIL`: the mail must wait, not bounce, nor go on unguarded.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

import click

from backstamp.app.context import AppContext
from backstamp.app.keyfile import KeyFileError
from backstamp.app.settings import SettingsError
from backstamp.app.settings.table import GATEWAY_MAX_SIZE
from backstamp.app.wiring.gateway import protection_config, rewriting_limits
from backstamp.app.wiring.journal import open_journal
from backstamp.app.wiring.rewriting import rewriting_options
from backstamp.gateway.access import party_of
from backstamp.gateway.delivering.copies import Addressee, Arrival
from backstamp.gateway.protection.protector import Protector
from backstamp.gateway.protocol.reply import Reply
from backstamp.gateway.rewriter.pool import RewriterPool
from backstamp.journal import JournalUnavailableError, JournalWriter
from backstamp.journal.layout import sync_directory
from backstamp.rewriting import ControlFields, facts_header, message_facts
from backstamp.tokens import TrackingIds
from backstamp.vocabulary import Delivery, EventType, Origin

EX_USAGE: Final = 64
EX_DATAERR: Final = 65
EX_TEMPFAIL: Final = 75
EX_NOPERM: Final = 77


class _MisusedError(click.UsageError):
    exit_code = EX_USAGE


class _Filter(click.Command):
    """A command whose wrong calls end with `EX_USAGE`, as those who call filters expect."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _MisusedError(error.format_message(), ctx) from None


@click.command("message", cls=_Filter)
@click.argument("message", type=click.File("rb"), default="-")
@click.option(
    "--for", "addresses", multiple=True, required=True, metavar="ADDRESS", help="Recipient; repeatable."
)
@click.option("--from", "reverse_path", default="", metavar="ADDRESS", help="Envelope sender; it is logged.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each recipient's copy into this folder, and print ADDRESS, a tab, FILE.",
)
@click.pass_obj
def protect_message(
    context: AppContext, message: BinaryIO, addresses: tuple[str, ...], reverse_path: str, into: Path | None
) -> None:
    """Guard the links of MESSAGE (a file, or standard input), and write it to standard output.

    Ends with 0; 75 where it is to wait; 77 where it is refused, or for one of several; 64 for a wrong call;
    65 for a message that is empty or too large. Several recipients have copies of their own, and need --into.
    """
    addresses = tuple(dict.fromkeys(addresses))
    if into is None and len(addresses) > 1:
        _end("several recipients have copies of their own: say --into FOLDER", EX_USAGE)
    if not all("@" in address and address.isprintable() for address in addresses):
        _end("--for takes an address, LOCAL@DOMAIN", EX_USAGE)
    try:
        raw = message.read(1)
        if not raw:
            _end("the message is empty", EX_DATAERR)
        most = context.settings[GATEWAY_MAX_SIZE]
        raw += message.read(most)
        if len(raw) > most:
            _end(f"the message is larger than gateway.max_size ({most} octets)", EX_DATAERR)
        # Some deliver with the first line of an mbox, which is none of the message's.
        envelope, raw = _parted(raw)
        refusals = asyncio.run(_guard(context, raw, addresses, reverse_path, _Exit(into, envelope)))
    except (SettingsError, KeyFileError, JournalUnavailableError) as error:
        _end(f"put off: {error}".splitlines()[0], EX_TEMPFAIL)
    except OSError as error:
        place = f"{error.filename}: " if error.filename is not None else ""
        _end(f"put off: {place}{error.strerror or error}", EX_TEMPFAIL)
    except Exception as error:  # noqa: BLE001 - whoever called would take any other code for a refusal
        _end(f"put off: internal error {type(error).__name__}", EX_TEMPFAIL)
    # Worst first: who waits must be tried again.
    for reply in sorted(refusals, key=lambda each: each.code)[:1]:
        _end(_words(reply), EX_TEMPFAIL if reply.transient else EX_NOPERM)


class _Exit:
    """Where copies go."""

    def __init__(self, folder: Path | None, envelope: bytes) -> None:
        self._folder = folder
        self._envelope = envelope

    def give(self, fates: Sequence[tuple[str, bytes | Reply]]) -> None:
        """Hand copies out, so that they are there when this returns. Raises `OSError`."""
        if self._folder is None:
            for _, copy in fates:
                if isinstance(copy, bytes):
                    sys.stdout.buffer.write(self._envelope + copy)
            sys.stdout.buffer.flush()
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        lines: list[str] = []
        written: list[Path] = []
        try:
            for number, (address, copy) in enumerate(fates, start=1):
                if isinstance(copy, Reply):
                    lines.append(f"{address}\t{_words(copy)}\n")
                    continue
                path = self._folder / f"{number}.eml"
                with path.open("xb") as file:
                    written.append(path)
                    file.write(self._envelope + copy)
                    file.flush()
                    os.fsync(file.fileno())
                lines.append(f"{address}\t{path}\n")
            sync_directory(self._folder)
            click.echo("".join(lines), nl=False)
        except BaseException:
            # The mail waits, and its next try needs these names.
            for path in written:
                path.unlink(missing_ok=True)
            raise


async def _guard(
    context: AppContext, raw: bytes, addresses: tuple[str, ...], reverse_path: str, way_out: _Exit
) -> list[Reply]:
    """Guard the message, hand the copies out, and return why some of them are none."""
    settings = context.settings
    # What goes wrong is told by the code, and by one line.
    logging.getLogger("backstamp.gateway").addHandler(logging.NullHandler())
    journal = open_journal(settings, "command")
    rewriter = RewriterPool(rewriting_limits(settings))
    try:
        protector = Protector(
            keyring=context.keyring,
            snapshot=context.snapshot(),
            journal=journal,
            rewriter=rewriter,
            options=rewriting_options(settings),
            config=protection_config(settings),
        )
        header = facts_header(raw)
        arrival = Arrival(
            raw=raw,
            header=header,
            facts=message_facts(raw, header),
            controls=ControlFields(),
            origin=Origin.FILTER,
            party=party_of(None),
            reverse_path=os.fsencode(reverse_path).decode("utf-8", "replace"),
            addressees=tuple(Addressee(index, each, wanted=True) for index, each in enumerate(addresses)),
            tracking_id=TrackingIds(secrets.randbits).at(time.time()),
            trace_id=secrets.token_hex(8),
            at_us=time.time_ns() // 1000,
            recorded=False,
        )
        prepared = await protector.prepare(arrival)
        fates: dict[int, bytes | Reply] = dict(prepared.settled)
        async for copy in prepared.copies:
            fates |= dict.fromkeys(copy.places, copy.withheld or copy.message.whole())
        way_out.give([(addresses[place], fates[place]) for place in sorted(fates)])
        if prepared.recorded:
            _note(journal, arrival.tracking_id, fates)
    finally:
        await rewriter.close()
        journal.close()
    return [fate for fate in fates.values() if isinstance(fate, Reply)]


def _note(journal: JournalWriter, tracking_id: int, fates: dict[int, bytes | Reply]) -> None:
    """Record what became of each copy: verdicts count from when it was handed out, which it was by now."""
    for index, fate in fates.items():
        type_, code, text = EventType.SENT, 0, "handed to the caller"
        if isinstance(fate, Reply):
            type_ = EventType.DEFERRED if fate.transient else EventType.REJECTED
            code, text = fate.code, fate.text
        record = Delivery(
            at_us=time.time_ns() // 1000,
            tracking_id=tracking_id,
            type=type_,
            recipient_index=index,
            code=code,
            text=text,
            next_hop="command line",
        )
        with contextlib.suppress(JournalUnavailableError):
            journal.append(record)


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    """Return the first line of an mbox, or nothing, and the message."""
    if not raw.startswith(b"From "):
        return b"", raw
    end = raw.find(b"\n") + 1
    return (raw[:end], raw[end:]) if end else (b"", raw)


def _words(reply: Reply) -> str:
    return f"{reply.code} {' '.join(reply.lines)}"


def _end(why: str, code: int) -> NoReturn:
    click.echo(f"backstamp: {why}", err=True)
    sys.exit(code)
