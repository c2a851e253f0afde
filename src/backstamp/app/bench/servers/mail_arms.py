"""The ways by which `backstamp bench gateway` sends mail through Postfix: a port of one instance for each."""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from backstamp.app.bench.servers import our_gateway, scratch_rspamd
from backstamp.app.bench.servers.ports import free_port, wait_for_port, wait_for_socket
from backstamp.app.bench.servers.scratch_postfix import ScratchPostfix
from backstamp.app.bench.servers.scratch_rspamd import ScratchRspamd
from backstamp.lifetime import module_command

RECIPIENT: Final = f"reader@{our_gateway.DOMAIN}"
ALONE: Final = "Postfix alone"
NOTHING_FILTER: Final = "a content filter that does nothing"
OUR_FILTER: Final = "Backstamp as content filter"
NOTHING_MILTER: Final = "a milter that sends each body back"
OUR_MILTER: Final = "Backstamp as milter"
RSPAMD: Final = "rspamd's milter"
_CONCURRENCY: Final = "20"
_FILTERED: Final = """\
127.0.0.1:{port} inet n - n - - smtpd -o content_filter=filter:[127.0.0.1]:{there}
127.0.0.1:{back} inet n - n - - smtpd -o smtpd_authorized_xforward_hosts=127.0.0.0/8
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
"""
_FILTER_TRANSPORT: Final = f"""\
filter unix - - n - {_CONCURRENCY} smtp
  -o smtp_send_xforward_command=yes -o disable_mime_output_conversion=yes
"""
_WITH_MILTER: Final = "127.0.0.1:{port} inet n - n - - smtpd -o smtpd_milters=unix:{socket}\n"


class Arm(msgspec.Struct, frozen=True):
    """A port that takes mail, the processes that work on it, and the arm it is compared with, if any.

    `guards`: it is ours, and rewrites links.
    """

    name: str
    port: int
    roots: tuple[int, ...]
    beside: str = ""
    guards: bool = False


def start(stack: ExitStack, folder: Path, sink: int) -> list[Arm]:
    """Start all that is installed, with one next hop; `stack` ends it. The first is Postfix alone."""
    ports = {name: free_port() for name in (NOTHING_FILTER, OUR_FILTER, NOTHING_MILTER, OUR_MILTER, RSPAMD)}
    there, back, nothing = free_port(), free_port(), free_port()
    sockets = {name: _socket(stack) for name in (NOTHING_MILTER, OUR_MILTER)}
    ours = our_gateway.start(stack, folder, there, back, sockets[OUR_MILTER])
    echo = _start_echo(stack, sockets[NOTHING_MILTER])
    roots = {OUR_FILTER: ours, OUR_MILTER: ours, NOTHING_MILTER: echo}
    beside = {OUR_FILTER: NOTHING_FILTER, OUR_MILTER: NOTHING_MILTER, RSPAMD: NOTHING_MILTER}
    program = scratch_rspamd.program()
    if program is not None:
        rspamd = ScratchRspamd(program)
        stack.callback(rspamd.stop)
        roots[RSPAMD], sockets[RSPAMD] = rspamd.process.pid, rspamd.socket
    else:
        del ports[RSPAMD]
    services = _FILTER_TRANSPORT
    services += _FILTERED.format(port=ports[NOTHING_FILTER], there=nothing, back=nothing)
    services += _FILTERED.format(port=ports[OUR_FILTER], there=there, back=back)
    for name, path in sockets.items():
        wait_for_socket(path)
        services += _WITH_MILTER.format(port=ports[name], socket=path)
    wait_for_port(there)
    settings = {
        "default_transport": f"smtp:[127.0.0.1]:{sink}",
        "initial_destination_concurrency": _CONCURRENCY,
        "default_destination_concurrency_limit": _CONCURRENCY,
        "milter_default_action": "tempfail",
    }
    postfix = ScratchPostfix("/usr/sbin/postfix", "bench", free_port(), settings, extra=services)
    stack.callback(postfix.stop)
    postfix.start()
    assert postfix.process is not None, "it was started"
    pid = postfix.process.pid
    return [
        Arm(ALONE, postfix.port, (pid,)),
        *(
            Arm(
                name,
                port,
                (pid, roots[name]) if name in roots else (pid,),
                beside.get(name, ""),
                guards=name in (OUR_FILTER, OUR_MILTER),
            )
            for name, port in ports.items()
        ),
    ]


def _socket(stack: ExitStack) -> Path:
    """Return where a milter may listen so that Postfix's own user finds it."""
    folder = Path(tempfile.mkdtemp(prefix="backstamp-milter-"))
    folder.chmod(0o755)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder / "milter"


def _start_echo(stack: ExitStack, path: Path) -> int:
    process = subprocess.Popen(
        module_command("backstamp.app.bench.servers.echo_milter", str(path), str(os.getpid()))
    )
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process.pid
