"""`backstamp gateway`, `edge`, `worker`, `console`: one role in this process."""

import os
from pathlib import Path

import click

from backstamp.app import keyfile
from backstamp.app.commands.migrate import migrate as bring_up_to_date
from backstamp.app.context import AppContext
from backstamp.app.keyfile import KeyFile
from backstamp.app.logs import configure_logging
from backstamp.app.settings import CONFIG_VARIABLE, SUNSET_KEYS_VARIABLE, SettingsError
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.table import CONSOLE_LISTEN, EDGE_LISTEN
from backstamp.app.starting.data_dir import prepare_data_dir
from backstamp.app.starting.one_worker import only_worker
from backstamp.app.starting.problems import check
from backstamp.app.starting.stop_signals import heed_while_starting, run_until_signal
from backstamp.app.starting.supervisor import PARENT_VARIABLE
from backstamp.app.wiring.journal import open_journal
from backstamp.http_listener import PortTakenError
from backstamp.lifetime import die_with_parent


def _begin(context: AppContext, role: str) -> None:
    """What every role does first: signals, settings, logs, data directory, not outliving the supervisor."""
    heed_while_starting(hangup_stops=role in ("gateway", "worker"))
    check(context.settings)
    configure_logging(context.settings, role)
    prepare_data_dir(context.settings)
    _join_tree(context)


def _begin_sunset(context: AppContext, keys: Path) -> None:
    """What is left of that when there is nothing but a key file."""
    heed_while_starting(hangup_stops=False)
    context.use_keys(keys)
    if not context.settings[EDGE_LISTEN]:
        raise SettingsError("edge.listen is empty; write HOST:PORT")
    configure_logging(context.settings, "edge")
    keyfile.read(keys)
    os.environ[SUNSET_KEYS_VARIABLE] = str(keys.absolute())
    _join_tree(context)


def _join_tree(context: AppContext) -> None:
    if context.settings.config_file is not None:
        # Granian's workers are new processes; they find the settings again by this.
        os.environ[CONFIG_VARIABLE] = str(context.settings.config_file)
    parent = os.environ.get(PARENT_VARIABLE, "")
    if parent.isdigit():
        die_with_parent(int(parent))
        # Our own children must not outlive us, not our parent.
        del os.environ[PARENT_VARIABLE]


@click.command()
@click.pass_obj
def gateway(context: AppContext) -> None:
    """Run the gateway alone: SMTP, LMTP, submission, milter."""
    _begin(context, "gateway")
    import uvloop

    from backstamp.app.wiring.gateway import gateway_config
    from backstamp.gateway.errors import ConfigError, ListenError
    from backstamp.gateway.server import serve

    settings = context.settings
    journal = open_journal(settings, "gateway")
    try:
        run_until_signal(
            lambda stop: serve(
                gateway_config(settings),
                keyring=KeyFile(context.key_path),
                snapshot=context.snapshot(),
                journal=journal,
                stop=stop,
            ),
            # Its sessions cost a quarter less than on asyncio's own loop, the way to the rewriters half.
            uvloop.new_event_loop,
        )
    except (ConfigError, ListenError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        journal.close()


@click.command()
@click.option("--sunset", is_flag=True, help="Serve redirects with the key file alone, and record nothing.")
@click.option("--keys", type=click.Path(path_type=Path), help="The key file of --sunset.")
@click.pass_obj
def edge(context: AppContext, sunset: bool, keys: Path | None) -> None:
    """Run the public edge alone: pixels and links.

    With --sunset and --keys it keeps old links alive when everything but the key file is gone.
    """
    from backstamp import edge as room
    from backstamp.app.wiring.edge import edge_config

    if sunset != (keys is not None):
        raise click.UsageError("--sunset and --keys FILE go together", click.get_current_context())
    target = "backstamp.app.targets.edge:target"
    if keys is None:
        _begin(context, "edge")
    else:
        _begin_sunset(context, keys)
        target = "backstamp.app.targets.sunset:target"
    try:
        room.serve(edge_config(context.settings), target)
    except (room.EdgeError, PortTakenError) as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--migrate", is_flag=True, hidden=True, help="`serve` could not bring the database up to date.")
@click.pass_context
def worker(call: click.Context, migrate: bool) -> None:
    """Run the worker alone: it takes the journal into the database, and more."""
    context: AppContext = call.obj
    _begin(context, "worker")
    from backstamp.app.starting.django_start import set_django_up

    set_django_up(context.settings)
    from backstamp.app.wiring.worker import worker_config
    from backstamp.worker import service

    config = worker_config(context.settings)
    with only_worker(context.settings):
        if migrate or _database_is_older():
            call.invoke(bring_up_to_date)
        run_until_signal(lambda stop: service.serve(config, stop=stop))


def _database_is_older() -> bool:
    """Whether it is of an older version; for one that cannot be used the worker itself waits."""
    from django.db import Error, connections

    from backstamp.records.database.versions import is_older

    try:
        return is_older()
    except Error:
        return False
    finally:
        # One that was opened on a read-only disk would keep the worker's from writing for ever (`Database`).
        connections.close_all()


@click.command()
@click.pass_obj
def console(context: AppContext) -> None:
    """Run the private console alone."""
    _begin(context, "console")
    from backstamp.console.serving.server import serve

    host, port = split_host_port(context.settings[CONSOLE_LISTEN])
    try:
        serve(host, port, "backstamp.app.targets.console:target")
    except PortTakenError as error:
        raise click.ClickException(str(error)) from None
