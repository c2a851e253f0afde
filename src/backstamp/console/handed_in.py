"""Hand the sample mail to the gateway by SMTP, as any mail program would."""

import secrets
import smtplib
from email.utils import formatdate
from typing import Final

from backstamp.console.config import ConsoleConfig
from backstamp.mail.sample import sample_message

TIMEOUT_SECONDS: Final = 20


class HandInError(Exception):
    """The gateway did not take the sample; the message is one line for the person who pressed the button."""


def send_sample_mail(config: ConsoleConfig, address: str) -> None:
    """Send the sample from `address` to itself. Raises `HandInError`."""
    domain = address.rpartition("@")[2] or "localhost"
    message_id = f"<{secrets.token_hex(12)}@{domain}>"
    where = f"{config.gateway_host}:{config.gateway_port}"
    try:
        mail = sample_message(address, address, message_id, formatdate())
        with smtplib.SMTP(config.gateway_host, config.gateway_port, timeout=TIMEOUT_SECONDS) as gateway:
            gateway.sendmail(address, [address], mail)
    except ValueError as error:
        raise HandInError(f"The sample was not sent: {error}.") from None
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise HandInError(f"The sample was refused: {code} {_shown(text)}") from None
    except smtplib.SMTPResponseException as error:
        raise HandInError(f"The sample was refused: {error.smtp_code} {_shown(error.smtp_error)}") from None
    except (OSError, smtplib.SMTPException):
        raise HandInError(
            f"The gateway at {where} does not answer. Is it running? See “backstamp doctor”."
        ) from None


def _shown(text: bytes | str) -> str:
    reply = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(reply.split())[:200]
