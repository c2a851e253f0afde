"""The sample mail that shows a newcomer the whole path: a good-looking one, with links to click.

It is built like the mail that it stands for: multipart/alternative, quoted-printable, tables and
styles inside the HTML (most mail programs drop all else), no image from elsewhere.
"""

import binascii
from typing import Final

_BOUNDARY: Final = "=_backstamp_sample"
SUBJECT: Final = "Your first postmark from Backstamp"

_LINKS: Final = {
    "timeline": "https://example.com/?from=backstamp-sample&to=timeline",
    "proposal": "https://example.org/?from=backstamp-sample&to=proposal",
    "meeting": "https://example.net/?from=backstamp-sample&to=meeting",
    "unsubscribe": "https://example.com/?from=backstamp-sample&to=unsubscribe",
}

_TEXT: Final = """\
Hello,

this mail went through Backstamp. Somewhere in it there is an image of one
pixel, and its links come back here first. So the console can tell you when
the image was loaded, which link was followed, and by whom or what.

Three things to try:

1. Load the images, then look at the timeline: {timeline}
2. Follow this link, as if it were your proposal: {proposal}
3. Follow two links within a second, as a security scanner would,
   and see that nobody takes you for a person: {meeting}

Nothing here is urgent.

--{space}
Unsubscribe: {unsubscribe}
"""

_HTML: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{subject}</title>
</head>
<body style="margin:0;padding:0;background-color:#f1efe9;">
<div style="display:none;max-height:0;overflow:hidden;">Open it, click it, and see what the console says.\
</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="background-color:#f1efe9;">
<tr><td align="center" style="padding:32px 12px;">
<table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0" \
style="width:100%;max-width:560px;background-color:#ffffff;border:1px solid #dddbd3;border-radius:10px;">
<tr><td style="padding:28px 32px 0 32px;font-family:Georgia,'Times New Roman',serif;font-size:14px;\
letter-spacing:2px;color:#c2452d;">BACKSTAMP &middot; ARRIVED</td></tr>
<tr><td style="padding:10px 32px 0 32px;font-family:Georgia,'Times New Roman',serif;font-size:28px;\
line-height:34px;color:#1c2430;">Your first postmark</td></tr>
<tr><td style="padding:16px 32px 0 32px;font-family:Helvetica,Arial,sans-serif;font-size:16px;\
line-height:25px;color:#38414e;">This mail went through Backstamp. Somewhere in it there is an image of one \
pixel, and its links come back here first. So the console can tell you when the image was loaded, which link \
was followed, and <em>by whom or what</em>.</td></tr>
<tr><td style="padding:24px 32px 4px 32px;">
<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>
<td style="border-radius:6px;background-color:#2c5a93;"><a href="{timeline}" \
style="display:inline-block;padding:13px 24px;font-family:Helvetica,Arial,sans-serif;font-size:16px;\
font-weight:bold;color:#ffffff;text-decoration:none;">Click me first</a></td>
</tr></table>
</td></tr>
<tr><td style="padding:20px 32px 0 32px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" \
style="border-top:1px solid #dddbd3;">
<tr><td width="34" valign="top" style="padding:16px 0;font-family:Georgia,serif;font-size:20px;\
color:#c2452d;">1</td><td style="padding:16px 0;font-family:Helvetica,Arial,sans-serif;font-size:15px;\
line-height:23px;color:#38414e;border-bottom:1px solid #eeece6;">Load the images, then look at the \
timeline in the console.</td></tr>
<tr><td width="34" valign="top" style="padding:16px 0;font-family:Georgia,serif;font-size:20px;\
color:#c2452d;">2</td><td style="padding:16px 0;font-family:Helvetica,Arial,sans-serif;font-size:15px;\
line-height:23px;color:#38414e;border-bottom:1px solid #eeece6;">Follow <a href="{proposal}" \
style="color:#2c5a93;">this link</a>, as if it were your proposal.</td></tr>
<tr><td width="34" valign="top" style="padding:16px 0;font-family:Georgia,serif;font-size:20px;\
color:#c2452d;">3</td><td style="padding:16px 0;font-family:Helvetica,Arial,sans-serif;font-size:15px;\
line-height:23px;color:#38414e;">Follow <a href="{meeting}" style="color:#2c5a93;">this one</a> and another \
within a second, as a security scanner would, and see that nobody takes you for a person.</td></tr>
</table>
</td></tr>
<tr><td style="padding:22px 32px 28px 32px;font-family:Helvetica,Arial,sans-serif;font-size:15px;\
line-height:23px;color:#38414e;">Nothing here is urgent — not even a little.</td></tr>
</table>
<table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0" \
style="width:100%;max-width:560px;">
<tr><td align="center" style="padding:18px 32px;font-family:Helvetica,Arial,sans-serif;font-size:12px;\
line-height:19px;color:#62666d;">You get this because somebody pressed "Send a sample".<br>\
<a href="{unsubscribe}" style="color:#62666d;">Unsubscribe</a></td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""


def sample_message(sender: str, recipient: str, message_id: str, date: str, subject: str = SUBJECT) -> bytes:
    """Return the sample mail, ready for DATA: CRLF, 7bit, lines within 76 characters in the body.

    `sender` and `recipient` are addr-specs, `message_id` comes with its angle brackets, `date` is a
    Date field's body (RFC 5322 §3.3), `subject` plain text without markup. Raises `ValueError` where one of
    them cannot stand in a header field.
    """
    for name, value in (
        ("sender", sender),
        ("recipient", recipient),
        ("message id", message_id),
        ("date", date),
        ("subject", subject),
    ):
        if not value or not value.isascii() or not value.isprintable():
            raise ValueError(f"the sample's {name} must be plain ASCII in one line")
    html_links = {name: url.replace("&", "&amp;") for name, url in _LINKS.items()}
    fields = (
        f"Date: {date}",
        f"From: Backstamp sample <{sender}>",
        f"To: <{recipient}>",
        f"Subject: {subject}",
        f"Message-ID: {message_id}",
        f"List-Unsubscribe: <{_LINKS['unsubscribe']}>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"',
    )
    return b"".join(
        (
            _crlf("\n".join(fields) + "\n\n"),
            _part("text/plain", _TEXT.format(space=" ", **_LINKS)),
            _part("text/html", _HTML.format(subject=subject, **html_links)),
            _crlf(f"--{_BOUNDARY}--\n"),
        )
    )


def _part(media_type: str, content: str) -> bytes:
    head = (
        f"--{_BOUNDARY}",
        f"Content-Type: {media_type}; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    )
    return _crlf("\n".join(head) + "\n\n") + binascii.b2a_qp(_crlf(content), istext=True)


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()
