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
from backstamp.app.terminal.shown import printable
from backstamp.app.terminal.standard_streams import let_go_of_output, open_missing

SECTIONS: Final = {
    "Run": {
        "serve": ("serve", "Run all roles in one process tree."),
        "gateway": ("roles", "Run the gateway alone: SMTP, LMTP, submission, milter."),
        "edge": ("roles", "Run the public edge alone: pixels and links."),
        "worker": ("roles", "Run the worker alone: it takes the journal into the database, and more."),
        "console": ("roles", "Run the private console alone."),
    },
    "Set up and look after": {
        "check-config": ("check_config", "Check the settings and say what is wrong."),
        "doctor": ("doctor", "Check the installation: what is wrong, and the exact fix."),
        "settings": ("settings", "List all settings with their values, or print a file to begin with."),
        "sign-in-link": ("sign_in_link", "Print a link that signs an administrator in once."),
        "administrators": ("administrators", "List who may sign in at the console, or remove somebody."),
        "keys": ("keys", "List or rotate the keys behind pixels and links."),
        "journal": ("journal", "Show what waits to be taken into the database, and check it."),
        "migrate": ("migrate", "Bring the database to this version."),
        "rollups": ("rollups", "Compute the counts of lists and overview anew from the events."),
        "signatures": ("signatures", "Show and update the lists of networks that verdicts use."),
    },
    "Sent mail": {
        "send-test": ("send_test", "Send a sample mail through the gateway."),
        "pixel": ("pixel", "Make a pixel and links for a mail that is written elsewhere."),
        "links": ("links", "Switch links off, or on again, in mail that is delivered already."),
        "suppressions": ("suppressions", "Show and change the suppression list: who gets no more mail."),
        "erase": ("erase", "Erase one person: everything on record of a mail address."),
        "simulate": ("simulate", "Let people and machines act on made-up mail, and score the verdicts."),
    },
    "Received mail": {
        "protect": ("protect", "Set the protection of links: domains, exceptions, own lists."),
        "feeds": ("feeds", "Show, refresh and check the lists of dangerous URLs."),
        "alerts": ("alerts", "Show alerts, set their rules, test a channel."),
        "channels": ("channels", "Set where alerts are sent: mail, webhook, Slack."),
    },
    "Look at one thing": {
        "rewrite": ("rewrite", "Rewrite a message: add the pixel, wrap the links."),
        "unwrap": ("unwrap", "Restore the original of a rewritten message."),
        "token": ("token", "Show what the token of a pixel or link holds."),
        "url": ("url", "Look a URL up in the lists, and judge its looks."),
        "report": ("report", "Read a bounce, a receipt, a complaint or a reply."),
        "verdict": ("verdict", "Judge hits: who opened, who clicked, and why."),
        "bench": ("bench", "Measure the parts, each beside named peers in the same run."),
    },
}
"""By section of the help: name on the command line, its module in `app.commands`, and its line."""

COMMANDS: Final = {name: found for section in SECTIONS.values() for name, found in section.items()}
"""Every command by its name."""

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
        width = max(map(len, COMMANDS))
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), line) for name, (_, line) in commands.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings file. [default: ./backstamp.toml, else /etc/backstamp/backstamp.toml]",
)
@click.version_option(__version__, prog_name="backstamp")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Track sent mail, and protect the links of received mail, on your own server.

    Begin with `backstamp serve`. `backstamp COMMAND --help` says more of each command.
    """
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
