"""The signals that add up: what tips to a person, to a machine, or to neither."""

import msgspec
import pytest

from backstamp.verdicts import Certainty, Context, SignalName
from backstamp.verdicts.signals import GROUP_LIMIT, WEIGHTS
from backstamp.vocabulary import Actor
from tests.verdicts.hits import BROWSER_CLICK, BROWSER_OPEN, CHROME, SAFARI_CLICK, clicked, opened


@pytest.mark.parametrize("network", ["", "private"])
@pytest.mark.parametrize("seconds", [0.0, 2.0, None])
def test_an_ordinary_browser_is_a_person_even_at_once(network: str, seconds: float | None) -> None:
    image = opened(BROWSER_OPEN, network=network, seconds_since_delivery=seconds)
    link = clicked(BROWSER_CLICK, network=network, seconds_since_delivery=seconds)
    assert (image.actor, image.certainty) == (Actor.HUMAN, Certainty.PROBABLE)
    assert (link.actor, link.counts) == (Actor.HUMAN, True)


def test_a_browsers_name_without_its_header_fields_is_unknown_and_at_once_a_machine() -> None:
    assert opened(CHROME).actor is Actor.UNKNOWN
    assert clicked(CHROME, seconds_since_delivery=30).actor is Actor.UNKNOWN
    assert opened(CHROME, seconds_since_delivery=1).actor is Actor.PREFETCH


def test_a_hosting_network_alone_never_makes_a_machine() -> None:
    assert clicked(BROWSER_CLICK, network="hosting").actor is Actor.HUMAN
    assert clicked(CHROME, network="hosting", seconds_since_delivery=9000).actor is Actor.SCANNER
    assert opened(CHROME, network="hosting", seconds_since_delivery=10).actor is Actor.PREFETCH


def test_a_probable_scanner_network_weighs_for_half_an_hour_only() -> None:
    assert clicked(CHROME, network="proofpoint", seconds_since_delivery=1800).actor is Actor.SCANNER
    assert clicked(CHROME, network="proofpoint", seconds_since_delivery=1801).actor is Actor.UNKNOWN
    assert clicked(BROWSER_CLICK, network="mimecast", seconds_since_delivery=18000).actor is Actor.HUMAN


def test_isolated_browsing_through_a_security_company_is_not_called_a_machine() -> None:
    assert clicked(BROWSER_CLICK, network="proofpoint", seconds_since_delivery=600).actor is Actor.UNKNOWN


def test_three_links_at_once_are_a_scanner_whatever_the_header_fields() -> None:
    context = Context(links_clicked_within_2s=3, total_links=5)
    found = clicked(BROWSER_CLICK, context, seconds_since_delivery=60)
    assert (found.actor, found.reasons[0].signal) == (Actor.SCANNER, SignalName.LINK_BURST)
    assert found.reasons[0].text == "3 of 5 links were followed within 2 s."


def test_two_links_at_once_are_a_scanner_unless_a_browser_speaks_for_a_person() -> None:
    context = Context(links_clicked_within_2s=2, total_links=2)
    assert clicked(CHROME, context).actor is Actor.SCANNER
    assert clicked(BROWSER_CLICK, context).actor is Actor.UNKNOWN
    assert clicked(SAFARI_CLICK, context).actor is Actor.UNKNOWN


def test_the_only_link_of_a_mail_is_no_burst() -> None:
    context = Context(links_clicked_within_2s=1, links_clicked_within_5s=1, total_links=1)
    assert clicked(BROWSER_CLICK, context, seconds_since_delivery=12).actor is Actor.HUMAN


def test_two_tabs_within_five_seconds_are_a_persons() -> None:
    context = Context(links_clicked_within_2s=1, links_clicked_within_5s=2, total_links=9)
    assert clicked(BROWSER_CLICK, context).actor is Actor.HUMAN


def test_four_links_within_five_seconds_are_a_machines_but_for_a_reader_who_opened_the_mail_before() -> None:
    four = Context(links_clicked_within_5s=4, total_links=9)
    found = clicked(BROWSER_CLICK, four)
    assert (found.actor, found.reasons[0].signal) == (Actor.SCANNER, SignalName.LINK_RUN)
    reader = msgspec.structs.replace(four, opened_before=True, same_source_as_open=True, seconds_since_open=9)
    assert clicked(BROWSER_CLICK, reader).actor is Actor.UNKNOWN
    assert clicked(CHROME, reader).actor is Actor.SCANNER
    burst = msgspec.structs.replace(reader, links_clicked_within_2s=3)
    assert clicked(BROWSER_CLICK, burst).actor is Actor.SCANNER


def test_all_links_of_a_mail_one_after_the_other_are_a_persons_only_who_opened_it_before() -> None:
    every = Context(links_clicked_within_5s=2, links_clicked_within_30s=8, total_links=8)
    assert clicked(CHROME, every).actor is Actor.SCANNER
    found = clicked(BROWSER_CLICK, every, seconds_since_delivery=50)
    assert (found.actor, found.reasons[0].signal) == (Actor.UNKNOWN, SignalName.EVERY_LINK)
    assert found.reasons[0].text == "8 of 8 links were followed within 30 s."
    reader = msgspec.structs.replace(
        every, opened_before=True, same_source_as_open=True, seconds_since_open=9
    )
    for told in (
        reader,
        msgspec.structs.replace(every, links_clicked_within_30s=7),
        Context(links_clicked_within_30s=4, total_links=4),
        Context(links_clicked_within_30s=9),
    ):
        assert clicked(BROWSER_CLICK, told).actor is Actor.HUMAN


def test_one_source_for_five_recipients_is_a_machine_only_where_no_browser_speaks_for_an_office() -> None:
    context = Context(recipients_same_source_60s=5)
    assert clicked(CHROME, context).actor is Actor.SCANNER
    assert opened(CHROME, context).actor is Actor.PREFETCH
    for found in (opened(BROWSER_OPEN, context), clicked(SAFARI_CLICK, context)):
        assert found.actor is Actor.UNKNOWN
    assert clicked(BROWSER_CLICK, Context(recipients_same_source_60s=4)).actor is Actor.HUMAN


def test_a_crowd_that_was_not_counted_to_its_end_is_said_to_be_as_many_or_more() -> None:
    for recipients, words in ((19, "19 recipients"), (20, "20 recipients or more"), (300, "300 recipients")):
        context = Context(recipients_same_source_60s=recipients, recipients_same_second=recipients)
        reasons = [str(reason.text) for reason in clicked(CHROME, context).reasons]
        assert f"The same source acted for {words} within a minute." in reasons
        assert f"The same happened for {words} in the same second." in reasons


def test_a_network_that_many_share_makes_no_crowd() -> None:
    context = Context(recipients_same_source_60s=50, recipients_same_second=50)
    for network in ("apple_relay", "private", "zscaler"):
        assert clicked(BROWSER_CLICK, context, network=network).actor is Actor.HUMAN


def test_an_echo_of_a_click_is_a_machine_unless_it_is_a_persons_other_device() -> None:
    context = Context(other_network_same_link_seconds_before=12, os_differs_from_prior_click=True)
    echo = clicked(CHROME, context, seconds_since_delivery=612)
    assert (echo.actor, echo.reasons[0].signal) == (Actor.SCANNER, SignalName.ECHO_OF_CLICK)
    assert clicked(BROWSER_CLICK, context).actor is Actor.HUMAN
    late = Context(other_network_same_link_seconds_before=601)
    assert clicked(CHROME, late).actor is Actor.UNKNOWN


def test_a_check_just_before_a_persons_click_is_a_machine_and_the_click_is_not() -> None:
    check = clicked(CHROME, Context(other_network_same_link_seconds_after=0.4), network="microsoft_cloud")
    click = clicked(BROWSER_CLICK, Context(other_network_same_link_seconds_before=0.4))
    assert (check.actor, click.actor) == (Actor.SCANNER, Actor.HUMAN)


def test_one_program_from_three_networks_in_a_minute_is_a_machine_but_not_its_namesake_browser() -> None:
    context = Context(same_user_agent_from_other_network_60s=2)
    assert opened(CHROME, context, network="hosting", seconds_since_delivery=40).actor is Actor.PREFETCH
    assert opened(BROWSER_OPEN, context, seconds_since_delivery=66).actor is Actor.HUMAN


def test_image_and_link_in_one_second_from_a_cloud_are_a_machine() -> None:
    image = opened(CHROME, Context(same_source_clicked_within_1s=True), network="microsoft_cloud")
    link = clicked(CHROME, Context(same_source_opened_within_1s=True), network="microsoft_cloud")
    assert (image.actor, link.actor) == (Actor.PREFETCH, Actor.SCANNER)
    at_home = clicked(BROWSER_CLICK, Context(same_source_opened_within_1s=True, user_agents_from_source=2))
    assert at_home.actor is Actor.HUMAN


def test_mail_that_came_back_was_opened_by_no_person() -> None:
    assert opened(CHROME, Context(message_bounced=True)).actor is Actor.PREFETCH
    assert opened(BROWSER_OPEN, Context(message_bounced=True)).actor is Actor.UNKNOWN


def test_requested_mail_has_no_time_that_is_too_soon() -> None:
    context = Context(message_kind="transactional_requested")
    found = clicked(BROWSER_CLICK, context, seconds_since_delivery=1)
    assert SignalName.WITHIN_2S not in {reason.signal for reason in found.reasons}


def test_a_browser_two_years_older_than_its_hit_weighs_for_a_machine() -> None:
    old = CHROME.replace("Chrome/150", "Chrome/104")
    in_2022 = clicked({**BROWSER_CLICK, "user_agent": old}, day=19_224)  # 2022-08-20
    in_2026 = clicked({**BROWSER_CLICK, "user_agent": old}, day=20_685)  # 2026-08-20
    assert SignalName.OLD_BROWSER not in {reason.signal for reason in in_2022.reasons}
    assert SignalName.OLD_BROWSER in {reason.signal for reason in in_2026.reasons}
    assert in_2026.score < in_2022.score
    assert in_2026.actor is Actor.HUMAN  # frozen company builds exist


@pytest.mark.parametrize(
    "user_agent",
    [
        (
            "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko) "
            "SamsungBrowser/20.0 Chrome/106.0.5249.126 Mobile Safari/537.36"
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Teams/1.6.00.4472 Chrome/102.0.5005.167 Electron/19.1.8 Safari/537.36"
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "QtWebEngine/5.15.2 Chrome/87.0.4280.144 Safari/537.36"
        ),
    ],
)
def test_the_engine_of_a_phones_browser_or_of_an_app_is_not_old_however_long_it_is_out(
    user_agent: str,
) -> None:
    headers = {"user_agent": user_agent, "accept": "text/html,*/*;q=0.8", "accept_language": "pl-PL"}
    found = clicked(headers, day=20_685)  # 2026-08-20
    assert (found.actor, SignalName.OLD_BROWSER in {r.signal for r in found.reasons}) == (Actor.HUMAN, False)


@pytest.mark.parametrize(
    "user_agent", ["okhttp/4.12.0", "Dalvik/2.1.0 (Linux; U; Android 12)", "App/1 CFNetwork/1474"]
)
def test_a_phones_library_is_a_machine_on_links_and_unknown_on_images(user_agent: str) -> None:
    assert clicked(user_agent).actor is Actor.SCANNER
    assert opened(user_agent, seconds_since_delivery=1900).actor is Actor.UNKNOWN


def test_a_bare_string_on_a_link_is_a_machine() -> None:
    assert clicked("Mozilla/5.0").actor is Actor.SCANNER


def test_an_earlier_opening_speaks_for_a_click() -> None:
    before = Context(opened_before=True, same_source_as_open=True, seconds_since_open=6)
    assert clicked(SAFARI_CLICK, before).score > clicked(SAFARI_CLICK).score


def test_reasons_stand_weightiest_first_and_are_sentences() -> None:
    found = clicked(CHROME, Context(links_clicked_within_2s=3), network="hosting", seconds_since_delivery=5)
    weights = [abs(reason.weight) for reason in found.reasons]
    assert weights == sorted(weights, reverse=True)
    assert all(reason.text.endswith(".") for reason in found.reasons)


def test_no_group_can_weigh_more_than_its_limit() -> None:
    for signal, weight in WEIGHTS.items():
        assert abs(weight.weight) <= GROUP_LIMIT[weight.group], signal


@pytest.mark.parametrize(
    "header",
    [{"accept": "text/*,image/*,*/*;q=0.2"}, {"accept": "text/html"}, {"accept_language": "de"}],
)
def test_a_program_of_an_unknown_name_that_asks_like_a_browser_is_not_called_a_machine(
    header: dict[str, str],
) -> None:
    assert clicked({"user_agent": "Dillo/3.0.5", **header}).actor is Actor.UNKNOWN
    assert clicked({"user_agent": "Dillo/3.0.5", "accept": "*/*"}).actor is Actor.SCANNER
