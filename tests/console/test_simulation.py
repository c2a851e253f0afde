"""The page that lets people and machines act on made-up mail."""

from dataclasses import replace

import pytest
from django.test import Client, override_settings

from backstamp.console.config import ConsoleConfig
from tests.console.simulations import REPORT, FakeSimulations


def test_a_simulation_of_an_offered_size_is_begun(admin: Client, simulations: FakeSimulations) -> None:
    answer = admin.post("/simulation/start/", {"recipients": "60"}, follow=True)
    assert simulations.asked == [60]
    assert "It is running: 17 requests so far." in answer.text
    assert 'name="recipients"' not in answer.text


@pytest.mark.parametrize("size", ["", "61", "1e9", "-60"])
def test_no_other_size_is(admin: Client, simulations: FakeSimulations, size: str) -> None:
    answer = admin.post("/simulation/start/", {"recipients": size}, follow=True)
    assert simulations.asked == []
    assert "Choose one of the sizes." in answer.text


def test_one_at_a_time(admin: Client, simulations: FakeSimulations) -> None:
    simulations.is_running = True
    answer = admin.post("/simulation/start/", {"recipients": "60"}, follow=True)
    assert simulations.asked == []
    assert "A simulation is running already." in answer.text


def test_never_where_mail_would_leave(
    admin: Client, simulations: FakeSimulations, config: ConsoleConfig
) -> None:
    with override_settings(BACKSTAMP=replace(config, capturing=False)):
        answer = admin.post("/simulation/start/", {"recipients": "60"}, follow=True)
        assert simulations.asked == []
        assert 'name="recipients"' not in answer.text


def test_looking_begins_nothing(admin: Client, simulations: FakeSimulations) -> None:
    assert admin.get("/simulation/start/").status_code == 405
    admin.get("/simulation/")
    assert simulations.asked == []


def test_the_report_says_who_was_taken_for_whom(admin: Client, simulations: FakeSimulations) -> None:
    simulations.found = REPORT
    text = admin.get("/simulation/").text
    assert "39 of 40 requests judged" in text
    assert "<strong>97.3%</strong> of the machines caught" in text
    assert "a person (1)" in text
    assert "95.2%" in text


def test_a_damaged_report_is_left_out(admin: Client, simulations: FakeSimulations) -> None:
    for found in ({}, {**REPORT, "by_actor": [{"name": "martian"}]}, {**REPORT, "by_actor": 3}):
        simulations.found = found
        answer = admin.get("/simulation/")
        assert answer.status_code == 200
        assert "The last report" not in answer.text


def test_why_it_came_to_nothing_is_said(admin: Client, simulations: FakeSimulations) -> None:
    simulations.failed = "Error: edge.trusted_proxies lacks <127.0.0.1>"
    assert "edge.trusted_proxies lacks &lt;127.0.0.1&gt;" in admin.get("/simulation/").text
