"""`backstamp send-test`: a good-looking sample mail through the gateway."""

import smtplib
import time
from email.utils import formatdate, make_msgid
from typing import Final

import click

from backstamp.app.context import AppContext
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.table import GATEWAY_LISTEN, GATEWAY_NEXT_HOP
from backstamp.app.terminal.address import ADDRESS
from backstamp.mail.sample import sample_message

SECONDS: Final = 30.0


@click.command("send-test")
@click.option("--from", "sender", type=ADDRESS, default="you@example.com", show_default=True, help="Sender.")
@click.option(
    "--to", "recipient", type=ADDRESS, default="friend@example.net", show_default=True, help="Recipient."
)
@click.pass_obj
def send_test(context: AppContext, sender: str, recipient: str) -> None:
    """Send a sample mail through the gateway. Without a next hop it lands in the test mailbox."""
    settings = context.settings
    if settings[GATEWAY_NEXT_HOP] and recipient.endswith("@example.net"):
        raise click.UsageError("a next hop is set, so the mail really leaves: say --from and --to")
    host, port = split_host_port(settings[GATEWAY_LISTEN])
    try:
        message = sample_message(
            sender, recipient, make_msgid(domain="backstamp.example"), formatdate(time.time())
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        with smtplib.SMTP(host, port, timeout=SECONDS) as client:
            client.sendmail(sender, [recipient], message)
    except smtplib.SMTPRecipientsRefused as error:
        raise click.ClickException(_said(*error.recipients[recipient])) from None
    except smtplib.SMTPResponseException as error:
        raise click.ClickException(_said(error.smtp_code, error.smtp_error)) from None
    except (OSError, smtplib.SMTPException):
        raise click.ClickException(
            f"no gateway answers on {host}:{port}; start it: backstamp serve"
        ) from None
    click.echo(f"sent to {recipient}; see it in the console")


def _said(code: int, text: bytes | str) -> str:
    return (
        f"the gateway answered {code} {text.decode('ascii', 'replace') if isinstance(text, bytes) else text}"
    )
