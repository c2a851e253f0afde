"""`backstamp`: the command line.  Each command is a module of its own in `app.commands`, loaded when used."""

import gc
import importlib
import signal
import sys
from pathlib import Path
from typing import Final, NoReturn

import click

from backstamp import __version__
from backstamp.app.context import AppContext
from backstamp.app.keyfile import KeyFileError
from backstamp.app.settings import SettingsError
from backstamp.app.shown import printable
from backstamp.app.standard_streams import let_go_of_output, open_missing

COMMANDS: Final = {
    "serve": ("serve", "Run all roles in one process tree."),
    "gateway": ("roles", "Run the gateway alone: SMTP, LMTP, submission."),
    "edge": ("roles", "Run the public edge alone: pixels and links."),
    "worker": ("roles", "Run the worker alone: ingest, policy snapshot, capture mailbox."),
    "console": ("roles", "Run the private console alone."),
    "send-test": ("send_test", "Send a good-looking sample mail through the gateway."),
    "pixel": ("pixel", "Make a pixel and links by hand, for a mail written elsewhere."),
    "rewrite": ("rewrite", "Rewrite a message: pixel and links."),
    "unwrap": ("unwrap", "Give a rewritten message's exact original back."),
    "token": ("token", "Say what a token says."),
    "links": ("links", "Switch off links in mail that is out already, or on again."),
    "protect": ("protect", "The protection of links in received mail: modes, exceptions, own lists."),
    "suppressions": ("suppressions", "The suppression list: to whom mail does not go any more."),
    "erase": ("erase", "Erase one person: all that is on record of a mail address."),
    "keys": ("keys", "List or rotate the keys behind the tokens."),
    "journal": ("journal", "Look at the journal: what waits to be ingested, and is it whole."),
    "url": ("url", "Say how lists know a URL, and what is held against it."),
    "report": ("report", "Read a bounce, a receipt, a complaint or an answer."),
    "verdict": ("verdict", "Judge hits: who opened, who clicked, and why we say so."),
    "simulate": ("simulate", "Let people and machines act on made-up mail, and mark the verdicts."),
    "signatures": ("signatures", "Show and update the lists of networks that verdicts go by."),
    "alerts": ("alerts", "Show alerts, set what is alerted to, and try channels."),
    "channels": ("channels", "The ways by which alerts reach administrators."),
    "feeds": ("feeds", "Show, refresh and check the lists of dangerous URLs."),
    "doctor": ("doctor", "Check the installation: what is wrong, and the exact fix."),
    "check-config": ("check_config", "Check the settings and say what is wrong."),
    "settings": ("settings", "List all settings with their values."),
    "migrate": ("migrate", "Bring the database to this version."),
    "rollups": ("rollups", "Make what lists and overview show again from the events."),
    "sign-in-link": ("sign_in_link", "Make a link that signs an administrator in once."),
    "administrators": ("administrators", "Who may sign in at the console, and who no longer."),
    "bench": ("bench", "Measure, beside named peers, in one run."),
}
"""Name on the command line: the module in `app.commands`, and its line in the help."""

LONGEST_MESSAGE: Final = 1000
"""Characters; who typed a wrong value of a megabyte need not read all of it."""

_NEW_OBJECTS: Final = 20_000
"""After so many Python looks for cycles. What loading makes stays: each 700, it took a tenth of a command."""


class _Lazy(click.Group):
    """Loads only the module of the command that is run: `backstamp rewrite` needs no database."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"backstamp.app.commands.{COMMANDS[cmd_name][0]}")
        found = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings file. [default: ./backstamp.toml or /etc/backstamp/]",
)
@click.version_option(__version__, prog_name="backstamp")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Tells what became of the mail you sent, and why it thinks so."""
    ctx.obj = AppContext(config)


def main() -> NoReturn:
    """Run the command line; every failure is one line on stderr and a non-zero exit.

    Whoever names no command of several gets their list instead.
    """
    gc.set_threshold(_NEW_OBJECTS)
    open_missing()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        cli(prog_name="backstamp", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        _fail("stopped", 130)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message(), err=True)
        sys.exit(asked.exit_code)
    except click.ClickException as error:
        where = (
            f" (see `{error.ctx.command_path} --help`)"
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        _fail(error.format_message().replace("\n", " ") + where, error.exit_code)
    except (SettingsError, KeyFileError) as error:
        _fail(str(error), 2)
    except BrokenPipeError:
        # The reader of our output has left (`backstamp ... | head`); nothing more can be said to it.
        sys.stderr.close()
        sys.exit(141)
    except UnicodeEncodeError as error:
        # What was typed comes as it is; what is not text goes into no database and no journal.
        _fail(f"{error.object!r} is not UTF-8 text", 2)
    except OSError as error:
        let_go_of_output()
        place = f"{error.filename}: " if error.filename is not None else ""
        _fail(f"{place}{error.strerror or error}", 1)
    sys.exit(0)


def _fail(message: str, code: int) -> NoReturn:
    """End with one line, whatever it quotes."""
    shown = printable(message)
    if len(shown) > LONGEST_MESSAGE:
        shown = f"{shown[:LONGEST_MESSAGE]}…"
    click.echo(f"backstamp: {shown}", err=True)
    sys.exit(code)
