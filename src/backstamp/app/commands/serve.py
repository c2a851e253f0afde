"""`backstamp serve`: all roles in one process tree."""

import logging
import shlex
import socket
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from backstamp.app.context import AppContext
from backstamp.app.logs import configure_logging
from backstamp.app.settings import Settings
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.settings.table import (
    CONSENT_MODE,
    CONSOLE_LISTEN,
    CONSOLE_URL,
    EDGE_LISTEN,
    GATEWAY_LISTEN,
    GATEWAY_NEXT_HOP,
    PROTECTION_LISTEN,
    PROTECTION_LMTP_LISTEN,
    PROTECTION_MILTER_LISTEN,
    TRACKING_URL,
)
from backstamp.app.starting.data_dir import prepare_data_dir
from backstamp.app.starting.listening import refuse_taken
from backstamp.app.starting.one_worker import refuse_second
from backstamp.app.starting.problems import check
from backstamp.app.starting.stop_signals import heed_while_starting
from backstamp.app.starting.supervisor import Supervisor, child_environment, how_ended, role_command
from backstamp.app.terminal.standard_streams import let_go_of_output
from backstamp.http_listener import PortTakenError
from backstamp.policy import ConsentMode

log = logging.getLogger("backstamp.app")

ROLES: Final = ("gateway", "edge", "worker", "console")
"""In the order in which they are told to stop: first no more mail comes in, the journal's reader is told
before the console, and each ends when it has finished what it began."""

RECEIVED_BY: Final = {
    PROTECTION_LISTEN: "SMTP",
    PROTECTION_LMTP_LISTEN: "LMTP",
    PROTECTION_MILTER_LISTEN: "milter",
}

ANSWER_SECONDS: Final = 1.0


@click.command()
@click.pass_obj
def serve(context: AppContext) -> None:
    """Run gateway, edge, worker and console until SIGTERM or Ctrl-C.

    `backstamp settings --as toml` prints every setting with its default.
    """
    heed_while_starting()
    check(context.settings)
    configure_logging(context.settings, "app")
    prepare_data_dir(context.settings)
    refuse_second(context.settings)
    try:
        refuse_taken(context.settings)
    except PortTakenError as error:
        raise click.ClickException(str(error)) from None
    commands = {role: role_command(role) for role in ROLES}
    # Nobody's link waits for an upgrade of the database, or for one that comes up later than we do.
    early = ("gateway", "edge") if context.settings.in_data_dir(DataFile.SNAPSHOT).exists() else ()
    link = ""

    def prepared(code: int, said: str) -> None:
        nonlocal link
        if code == 0:
            link = said
            return
        if code < 0:
            log.error("what prepares the database ended with %s", how_ended(code))
        if code > 1 or not early:
            sys.exit(max(code, 1))
        log.critical("gateway and edge run with the policy of before; the worker tries the database again")
        commands["worker"].append("--migrate")

    Supervisor(commands, child_environment(context.settings.config_file)).run(
        # In a child, so that the supervisor itself never holds Django (15 MB instead of 60); in one for both,
        # since Django takes half a second to load.
        preparation=[*role_command("migrate"), "--then-sign-in-link"],
        prepared=prepared,
        early=early,
        is_ready=lambda: _all_answer(context.settings),
        announce=lambda: _welcome(context, link),
    )


def _all_answer(settings: Settings) -> bool:
    """Whether a newcomer who follows the welcome's advice at once meets no closed door."""
    gateway = _first_words(settings[GATEWAY_LISTEN])
    if not settings[GATEWAY_NEXT_HOP] and not gateway.startswith(b"220 "):
        # 421 as long as the capture mailbox, a part of the worker, does not listen yet.
        return False
    return (
        bool(gateway)
        and _first_words(settings[EDGE_LISTEN], _get(settings[TRACKING_URL], "/healthz")) != b""
        and _first_words(settings[CONSOLE_LISTEN], _get(settings[CONSOLE_URL], "/sign-in/")) != b""
        and settings.in_data_dir(DataFile.SNAPSHOT).exists()
    )


def _get(url: str, path: str) -> bytes:
    return f"GET {path} HTTP/1.0\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode()


def _first_words(address: str, request: bytes = b"") -> bytes:
    """Return the beginning of what a role answers, or nothing."""
    try:
        with socket.create_connection(split_host_port(address), ANSWER_SECONDS) as client:
            client.settimeout(ANSWER_SECONDS)
            client.sendall(request)
            return client.recv(64)
    except OSError:
        return b""


def _welcome(context: AppContext, link: str) -> None:
    settings = context.settings
    gateway = settings[GATEWAY_LISTEN]
    next_hop = settings[GATEWAY_NEXT_HOP] or "the built-in test mailbox (nothing leaves this machine)"
    lines = [
        "",
        f"  Send mail to    {gateway} (SMTP); next hop: {next_hop}",
        *(f"  Received mail   {settings[by]} ({how})" for by, how in RECEIVED_BY.items() if settings[by]),
        f"  Console         {settings[CONSOLE_URL]} (listens on {settings[CONSOLE_LISTEN]})",
        f"  Public edge     {settings[TRACKING_URL]} (listens on {settings[EDGE_LISTEN]})",
    ]
    if settings[CONSENT_MODE] is ConsentMode.OBJECTION:
        lines.append(
            "  Consent         recipients are measured unless they object (consent.mode = objection)"
        )
    else:
        lines.append("  Consent         only recipients who consented are measured (consent.mode = required)")
    if link:
        lines += ["", "  First sign-in (works once, for 24 hours):", f"  {link}"]
    steps = next_steps(
        as_typed(sys.argv[0], context.named_config),
        link=bool(link),
        leaves=bool(settings[GATEWAY_NEXT_HOP]),
        asks_first=settings[CONSENT_MODE] is ConsentMode.REQUIRED,
    )
    lines += ["", "  Try next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1)), ""]
    try:
        click.echo("\n".join(lines))
    except OSError as error:
        # Nobody reads it, or its disk is full: no mail and no link stands back for that.
        log.warning("the welcome could not be written: %s", error.strerror)
        let_go_of_output()


def as_typed(program: str, config: Path | None) -> str:
    """Return how any command of ours is to be typed: by the path by which we were started, which `make run`
    and a service have, and with the settings file that was named, which others know nothing of.
    """
    command = program if program.endswith("backstamp") else "backstamp"
    return shlex.join([command, "--config", str(config)] if config else [command])


def next_steps(called: str, *, link: bool, leaves: bool, asks_first: bool) -> list[str]:
    """Return what somebody new may do to see a first timeline.

    `called` is our command as it is typed; `link` says that a sign-in link was printed, `leaves` that mail
    goes to a next hop and really out, `asks_first` that nobody is measured without consent.
    """
    first = (
        "Open the link above; give your address and a password." if link else "Open the console and sign in."
    )
    steps = [first]
    if asks_first:
        steps.append(
            "Record there, under Policy, that the sample's recipient consents, or it is not tracked."
        )
    how = f"{called} send-test{' --from ADDRESS --to ADDRESS' if leaves else ''}"
    steps.append(f"Press “Send a sample” there, or run: {how}")
    where = "where it arrives" if leaves else "in the test mailbox"
    steps.append(f"Open the sample {where}, load its images, click a link, and watch its timeline.")
    return steps
