"""Real mail programs submit through the gateway to a real Postfix, which has Dovecot check the passwords."""

import asyncio
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from backstamp.gateway.config import Submission
from backstamp.vocabulary import EventType, Origin
from tests.daemons import require
from tests.e2e.dovecot import Dovecot
from tests.e2e.postfix import Postfix
from tests.gateway.certificates import Certificates
from tests.gateway.running import TRACKING_URL, Running, gateways

pytestmark = pytest.mark.daemon

ANN, BOB = "ann@example.org", "bob@example.net"
PASSWORD = "correct/horse battery+staple"
BODY = '<p>See <a href="https://www.example.com/offer">the offer</a>.</p>'
NODEMAILER = Path(__file__).parent / "nodemailer"
AWAY = "ENOTFOUND|EAI_AGAIN|ECONNRESET|ECONNREFUSED|ETIMEDOUT|E5[0-9][0-9]|E429"
"""What npm says of a registry that may be there a moment later."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def upstream(certificates: Certificates) -> Iterator[Postfix]:
    """A submission server as people have one: TLS, AUTH, and no relaying without."""
    dovecot = Dovecot({ANN: PASSWORD})
    postfix = Postfix(
        "upstream",
        {
            "smtpd_tls_cert_file": str(certificates.chain),
            "smtpd_tls_key_file": str(certificates.key),
            "smtpd_tls_security_level": "encrypt",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": dovecot.sasl,
            "smtpd_client_restrictions": "permit_sasl_authenticated, reject",
            "smtpd_tls_session_cache_database": "",
        },
        mailboxes=(ANN, BOB),
    )
    dovecot.start()
    try:
        yield postfix.start()
    finally:
        postfix.stop()
        dovecot.stop()


@pytest.fixture
async def running(tmp_path: Path, upstream: Postfix, certificates: Certificates) -> AsyncIterator[Running]:
    async with gateways(tmp_path) as start:
        yield await start(
            "smtp://127.0.0.1:9",
            submission=Submission(
                upstream=f"localhost:{upstream.port}",
                listen="127.0.0.1:0",
                tls_listen="127.0.0.1:0",
                upstream_ca=certificates.ca,
            ),
            **certificates.settings,
        )


class Sent:
    """What a mail program is to send, and where."""

    def __init__(self, port: int, mode: str, subject: str, ca: Path, folder: Path, password: str) -> None:
        self.port = port
        self.mode = mode
        self.subject = subject
        self.ca = ca
        self.folder = folder
        self.password = password


def run(command: list[str], stdin: str, folder: Path, **environment: str) -> None:
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env={"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(folder)} | environment,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


def by_smtplib(sent: Sent) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = ANN, BOB, sent.subject
    message.set_content("hello")
    message.add_alternative(BODY, subtype="html")
    context = ssl.create_default_context(cafile=str(sent.ca))
    client = (
        smtplib.SMTP_SSL("localhost", sent.port, context=context)
        if sent.mode == "tls"
        else smtplib.SMTP("localhost", sent.port)
    )
    with client:
        if sent.mode == "starttls":
            client.starttls(context=context)
        client.login(ANN, sent.password)
        client.send_message(message)


def by_swaks(sent: Sent) -> None:
    tls = ["--tls-on-connect"] if sent.mode == "tls" else ["--tls"]
    command = [
        *(str(require("swaks")), "--server", "localhost", "--port", str(sent.port), *tls),
        *("--tls-verify", "--tls-ca-path", str(sent.ca), "--auth", "LOGIN"),
        *("--auth-user", ANN, "--auth-password", sent.password),
        *("--from", ANN, "--to", BOB, "--header", f"Subject: {sent.subject}"),
        *("--add-header", "Content-Type: text/html", "--body", BODY),
    ]
    run(command, "", sent.folder)


def by_s_nail(sent: Sent) -> None:
    scheme = "smtps" if sent.mode == "tls" else "smtp"
    login = f"{quote(ANN, safe='')}:{quote(sent.password, safe='')}"
    settings = [
        "v15-compat",
        f"mta={scheme}://{login}@localhost:{sent.port}",
        f"from={ANN}",
        f"tls-ca-file={sent.ca}",
        "tls-ca-no-defaults",
        "tls-verify=strict",
        "smtp-auth=plain",
        "sendwait",
        *(["smtp-use-starttls"] if sent.mode == "starttls" else []),
    ]
    command = [str(require("s-nail")), "-:/", *(word for each in settings for word in ("-S", each))]
    # An HTML part is not its business; -M gives the one part its type.
    run([*command, "-s", sent.subject, "-M", "text/html", BOB], BODY + "\n", sent.folder)


def install_from_registry(project: Path) -> None:
    """Have npm install; a registry that is away for a moment is asked again, where CI promised one."""
    npm = str(require("npm"))
    promised = os.environ.get("CI") == "true"
    for pause in (5, 20, 60, None) if promised else (None,):
        try:
            # Without a network its own retries would take more time than it is given.
            run([npm, "ci", "--no-fund", "--no-audit", "--fetch-retries=0"], "", project)
        except RuntimeError as error:
            if pause is None and not promised and re.search("ENOTFOUND|EAI_AGAIN", str(error)):
                pytest.skip("npm cannot reach its registry")
            if pause is None or not re.search(AWAY, str(error)):
                raise
            time.sleep(pause)
        else:
            return


def by_nodemailer(sent: Sent) -> None:
    project = sent.folder / "nodemailer"
    shutil.copytree(NODEMAILER, project)
    install_from_registry(project)
    node = [str(require("node")), "send.mjs", "127.0.0.1", str(sent.port), sent.mode, str(sent.ca)]
    run([*node, ANN, sent.password, ANN, BOB, sent.subject], "", project)


PROGRAMS: dict[str, Callable[[Sent], None]] = {
    "smtplib": by_smtplib,
    "swaks": by_swaks,
    "s-nail": by_s_nail,
    "nodemailer": by_nodemailer,
}


def sent_by(
    running: Running, certificates: Certificates, mode: str, subject: str, password: str = PASSWORD
) -> Sent:
    port = running.gateway.ports["submission.tls_listen" if mode == "tls" else "submission.listen"]
    return Sent(port, mode, subject, certificates.ca, running.folder, password)


@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_mail_program_submits_and_the_mail_is_tracked(
    running: Running, upstream: Postfix, certificates: Certificates, program: str, mode: str
) -> None:
    subject = f"by {program} over {mode}"
    await asyncio.to_thread(PROGRAMS[program], sent_by(running, certificates, mode, subject))
    (queued,) = running.queued
    assert (queued.origin, queued.subject, queued.sender) == (Origin.SUBMISSION, subject, ANN)
    assert queued.opens
    assert not queued.links
    (delivery,) = running.deliveries
    assert delivery.type is EventType.SENT
    assert "queued as" in delivery.text
    async with asyncio.timeout(90):
        while not (arrived := [mail for mail in upstream.mails(BOB) if subject.encode() in mail]):
            await asyncio.sleep(0.1)
    (mail,) = arrived
    plain = mail.replace(b"=\n", b"").replace(b"=3D", b"=")
    assert TRACKING_URL.encode() in plain
    assert b'href="https://www.example.com/offer"' in plain
    assert b"127.0.0.1" not in mail.split(b"by backstamp.example")[1].split(b"\n\n")[0]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_wrong_password_is_refused_by_the_upstream_server(
    running: Running, certificates: Certificates, mode: str
) -> None:
    sent = sent_by(running, certificates, mode, "never", password="wrong")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        await asyncio.to_thread(by_smtplib, sent)
    assert refused.value.smtp_code == 535
    assert b"authentication fail" in refused.value.smtp_error.lower()
    assert running.records() == []
