"""What is logged of a refused request names the page, and nothing that the address holds."""

import logging
from datetime import timedelta

import pytest
from django.test import Client

from backstamp.console.serving.log_lines import without_addresses
from backstamp.records.administration import sign_in_links
from tests.console.conftest import HOST


def lines(caplog: pytest.LogCaptureFixture) -> str:
    assert caplog.records
    for record in caplog.records:
        assert without_addresses(record)
    # What a caller hung on a record is written by the formatter, too.
    usual = {*vars(logging.makeLogRecord({})), "message", "asctime"}
    facts = [{k: v for k, v in vars(record).items() if k not in usual} for record in caplog.records]
    said = zip(caplog.records, facts, strict=True)
    return "\n".join(f"{record.getMessage()} {extra} {record.exc_info}" for record, extra in said)


def test_a_sign_in_link_that_still_works_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    token = sign_in_links.create("", timedelta(hours=1))
    stranger = Client(HTTP_HOST=HOST, enforce_csrf_checks=True)
    with caplog.at_level(logging.WARNING):
        assert stranger.post(f"/welcome/{token}", {}).status_code == 403
    said = lines(caplog)
    assert token not in said
    assert "CSRF" in said
    assert "page welcome" in said


@pytest.mark.parametrize("path", ["/bob@example.net", "/bob%00%0aä?bob"])
def test_an_address_that_is_none_of_ours_is_not_in_the_log(
    caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level(logging.WARNING):
        assert Client(HTTP_HOST=HOST).get(path).status_code == 404
    assert "bob" not in lines(caplog)


def test_a_host_that_is_not_ours_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert Client(HTTP_HOST="evil.example").get("/").status_code == 400
    said = lines(caplog)
    assert "'evil.example'. The console answers to the host of console.url alone." in said
    assert "ALLOWED_HOSTS" not in said
    assert "Traceback" not in said
    assert said.endswith(" None")
