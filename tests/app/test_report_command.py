"""`backstamp report`: a mail in, JSON out."""

import json
from pathlib import Path

from click.testing import CliRunner

from backstamp.app.commands.report import report

BOUNCE = (
    b"From: MAILER-DAEMON@mx.example.net\r\nTo: ann@example.org\r\nSubject: failure notice\r\n\r\n"
    b"Your mail could not be delivered.\r\n\r\n<bob@example.net>:\r\n550 5.1.1 no such user\r\n\r\n"
    b"--- Below this line is a copy of the message.\r\n\r\nMessage-ID: <1@example.org>\r\n"
    b"From: ann@example.org\r\n"
)


def test_a_bounce_on_standard_input_becomes_json() -> None:
    result = CliRunner().invoke(report, [], input=BOUNCE)
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["kind"] == "dsn"
    (recipient,) = said["recipients"]
    assert (recipient["address"], recipient["bounce"], recipient["cause"]) == (
        "bob@example.net",
        "hard",
        "user_unknown",
    )
    assert (recipient["enhanced_status"], recipient["code"]) == ("5.1.1", 550)
    assert said["about"]["message_id"] == "<1@example.org>"


def test_a_file_is_read_like_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "bounce.eml"
    path.write_bytes(BOUNCE)
    runner = CliRunner()
    assert runner.invoke(report, [str(path)]).stdout == runner.invoke(report, [], input=BOUNCE).stdout


def test_ordinary_mail_has_the_kind_none() -> None:
    result = CliRunner().invoke(report, [], input=b"From: a@example.org\nSubject: Hello\n\nHello\n")
    assert (result.exit_code, json.loads(result.stdout)["kind"]) == (0, "none")


def test_a_file_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    result = CliRunner().invoke(report, [str(tmp_path / "no.eml")])
    assert result.exit_code != 0
    assert "Traceback" not in result.stderr
    assert "no.eml" in result.stderr
