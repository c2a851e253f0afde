"""`backstamp pixel new`: a pixel and links by hand, for a mail written elsewhere."""

import secrets
import time

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.data_dir import require_keys
from backstamp.app.terminal.groups import Group
from backstamp.app.wiring.journal import open_journal
from backstamp.journal import JournalUnavailableError
from backstamp.manual_tracking import ManualTrackingError, NothingTrackedError, create_manual
from backstamp.tokens import TrackingIds


@click.group(cls=Group)
def pixel() -> None:
    """Make a pixel and links for a mail that is written elsewhere."""


@pixel.command()
@click.argument("label")
@click.option(
    "--from", "sender", default="", help="Your address; its domain's policy and tracking host are used."
)
@click.option("--to", "recipient", default="", help="The recipient's address, if it goes to one person.")
@click.option("--link", "links", multiple=True, metavar="URL", help="A link to track; repeatable.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["url", "html"]),
    default="html",
    show_default=True,
    help="How the pixel is printed.",
)
@click.pass_obj
def new(
    context: AppContext, label: str, sender: str, recipient: str, links: tuple[str, ...], form: str
) -> None:
    """Make a pixel (and links) for a mail called LABEL. The console shows its timeline.

    Prints the pixel on the first line, then each link on a line of its own, in the order given.

    \b
    backstamp pixel new "An offer" --from me@example.org --to kim@example.net
    backstamp pixel new "An offer" --link https://www.example.org/offer
    """
    require_keys(context.settings)
    journal = open_journal(context.settings, "pixel")
    try:
        made = create_manual(
            journal,
            context.keyring(),
            context.snapshot().current(),
            label=label,
            sender=sender,
            recipient=recipient,
            urls=links,
            now_us=time.time_ns() // 1000,
            tracking_id=TrackingIds(secrets.randbits).at(time.time()),
        )
    except (NothingTrackedError, JournalUnavailableError) as error:
        raise click.ClickException(str(error)) from None
    except ManualTrackingError as error:
        raise click.UsageError(str(error)) from None
    finally:
        journal.close()
    if made.pixel_url:
        click.echo(made.pixel_url if form == "url" else made.pixel_html)
    for link in made.links:
        click.echo(link.tracked_url)
    click.echo(f"message {made.tracking_id:016x}; its timeline is in the console", err=True)
