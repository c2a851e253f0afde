"""`backstamp verdict`, and how it reads its input."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from backstamp.app.commands.verdict import verdict as command
from backstamp.app.context import AppContext
from backstamp.verdicts.networks import NOT_SEEN
from backstamp.verdicts.reading import read_hit
from tests.verdicts.hits import BROWSER_CLICK, CHROME

HIT = {"id": "h1", "event": "open", "headers": {"User-Agent": "Mozilla/5.0"}, "ip": "172.225.6.18"}


def line(**changes: object) -> str:
    return json.dumps(HIT | changes)


def test_each_hit_gives_one_line_with_its_reasons_in_words(tmp_path: Path) -> None:
    file = tmp_path / "hits.jsonl"
    file.write_text(line() + "\n\n" + line(id=None, ip="203.0.113.1"))
    result = CliRunner().invoke(command, [str(file)], obj=AppContext(None))
    first, second = (json.loads(answer) for answer in result.stdout.splitlines())
    assert result.exit_code == 0
    assert first == {
        "id": "h1",
        "actor": "prefetch",
        "score": -0.99,
        "certainty": "certain",
        "counts": True,
        "reasons": [
            {
                "signal": "apple_prefetch",
                "weight": -0.99,
                "text": "Apple fetched the image in advance: whether anyone opened the mail cannot be told.",
            }
        ],
    }
    assert "id" not in second
    assert second["reasons"][0]["signal"] == "bare_mozilla"


def test_standard_input_is_read_where_no_file_is_named() -> None:
    result = CliRunner().invoke(command, obj=AppContext(None), input=line() + "\n" + line(id=7))
    assert [json.loads(answer)["id"] for answer in result.stdout.splitlines()] == ["h1", 7]


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b"null",
        b'"open"',
        b'{"event": "opened"}',
        b'{"event": null}',
        b'{"event": ["open"]}',
        b'{"event": "open", "seconds_since_delivery": NaN}',
        b'{"event": "open", "context": ' + b"[" * 100_000,
        b'{"event": "open", "ip": "' + b"x" * 1_000_000 + b'"}',
        b'{"event": "\\u001b[31m\\nforged"}',
    ],
)
def test_a_bad_line_is_one_line_of_error_with_its_number(bad: bytes) -> None:
    result = CliRunner().invoke(command, obj=AppContext(None), input=line().encode() + b"\n" + bad)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: line 2: ")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 300
    assert "\x1b" not in result.stderr
    assert len(result.stdout.splitlines()) == 1


UNUSABLE = [
    {"headers": None},
    {"headers": [1]},
    {"headers": {"user_agent": True, "accept": ["*/*"]}},
    {"context": None},
    {"context": "none"},
    {"context": {"total_links": "many", "opened_before": [], "os_differs_from_prior_click": {}}},
    {"context": {"hit_date": "yesterday", "in_icloud_relay_list": "perhaps", "honeypot_link": 2}},
    {"context": {"seconds_since_open": "nan", "links_clicked_within_2s": True}},
    {"context": {"browser_age_days": 2.5, "honeypot_same_source_seconds": [1], "message_kind": 5}},
    {"context": {"browser_age_days": 10**400, "total_links": -(10**400), "seconds_since_open": 10**300}},
    {"headers": {"user_agent": 10**4290}},
    {"seconds_since_delivery": 1e300, "asn": 10**400},
    {"seconds_since_delivery": "soon"},
    {"seconds_since_delivery": "inf"},
    {"seconds_since_delivery": False},
    {"ip": 5, "cidr": [], "asn": "AS16509", "rdns": {}, "method": None, "id": [1]},
]


@pytest.mark.parametrize("changes", UNUSABLE)
def test_what_has_an_odd_type_is_not_known_and_the_next_lines_are_judged(changes: dict[str, object]) -> None:
    plain = {"event": "click", "headers": {"user_agent": CHROME}}
    bare = plain | {"headers": {}} if "headers" in changes else plain
    odd = json.dumps(plain | changes)
    assert read_hit(odd)[1:] == read_hit(json.dumps(bare))[1:]
    result = CliRunner().invoke(command, obj=AppContext(None), input=odd + "\n" + line())
    assert result.exit_code == 0
    assert [json.loads(answer).get("id") for answer in result.stdout.splitlines()] == [None, "h1"]


def test_a_value_of_a_neighbouring_type_is_read_for_what_it_says() -> None:
    given = {
        "links_clicked_within_2s": 3.0,
        "total_links": "8",
        "before_sent": 1,
        "opened_before": 0,
        "seconds_since_open": 12,
        "honeypot_hit_same_ip_within_10s": 1,
    }
    written = {"event": "click", "headers": {"dnt": 1}, "asn": 16509.0, "context": given}
    _, facts, context = read_hit(json.dumps(written))
    assert (context.links_clicked_within_2s, context.total_links) == (3, 8)
    assert (context.before_sent, context.opened_before) == (True, False)
    assert (context.seconds_since_open, context.honeypot_same_source_seconds) == (12, 0)
    assert (facts.headers, facts.network) == ({"dnt": "1"}, "hosting")
    apart = {"event": "click", "context": {"honeypot_same_source_seconds": 1}}
    assert read_hit(json.dumps(apart))[2].honeypot_same_source_seconds == 1


def test_header_names_are_read_in_any_spelling() -> None:
    spelled = {name.title().replace("_", "-"): value for name, value in BROWSER_CLICK.items()}
    _, facts, _ = read_hit(json.dumps({"event": "click", "headers": spelled}))
    assert facts.headers == BROWSER_CLICK


def test_the_network_comes_from_address_then_range_then_as_number() -> None:
    def network(**fields: object) -> str:
        return read_hit(json.dumps({"event": "click"} | fields))[1].network

    assert network(ip="40.94.1.1", asn=16509) == "microsoft_detonation"
    assert network(ip="203.0.113.1", asn=16509) == "hosting"
    assert network(ip="203.0.113.1") == ""
    assert network(cidr="150.70.0.0/16") == "trend_micro"
    assert network(asn=30031) == "mimecast"
    assert network() == NOT_SEEN
    assert network(ip="203.0.113.1", context={"in_icloud_relay_list": True}) == "apple_relay"


def test_a_name_that_is_not_confirmed_is_not_believed() -> None:
    hit = {"event": "click", "rdns": "scan40.barracuda.com", "context": {"rdns_forward_confirmed": False}}
    assert read_hit(json.dumps(hit))[1].certain_rdns == ""
    hit["context"] = {}
    assert read_hit(json.dumps(hit))[1].certain_rdns == "scan40.barracuda.com"


def test_context_is_read_under_both_namings_and_unknown_keys_are_passed_over() -> None:
    given = {
        "recipients_same_ip_60s": 12,
        "same_user_agent_from_other_asn_60s": 2,
        "same_link_other_ip_seconds_ago": 2,
        "open_same_second_same_ip": True,
        "user_agents_from_ip": 2,
        "same_ua_as_sender_session": False,
        "honeypot_hit_same_ip_within_10s": True,
        "malformed_token": True,
        "malformed_token_same_ip_seconds": 4,
        "links_clicked_within_2s": 3,
        "opened_before": None,
        "weather": "fair",
    }
    _, _, context = read_hit(json.dumps({"event": "click", "context": given}))
    assert context.recipients_same_source_60s == 12
    assert context.same_user_agent_from_other_network_60s == 2
    assert context.other_network_same_link_seconds_before == 2
    assert context.same_source_opened_within_1s
    assert context.user_agents_from_source == 2
    assert context.same_user_agent_as_sender_session is False
    assert context.honeypot_same_source_seconds == 0
    assert context.malformed_token
    assert context.malformed_token_same_source_seconds == 4
    assert context.links_clicked_within_2s == 3
    assert not context.opened_before


def test_the_age_of_a_browser_is_told_from_the_date_of_the_hit() -> None:
    hit = {"event": "click", "headers": {"user_agent": CHROME}, "context": {"hit_date": "1970-01-11"}}
    assert read_hit(json.dumps(hit))[1].day == 10
