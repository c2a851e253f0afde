"""Every word of the vocabulary has words for people."""

import ast
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import get_resolver
from hypothesis import given
from hypothesis import strategies as st

from backstamp.console.wording import reasons
from backstamp.console.wording.events import ACTORS, DELIVERIES, event_words, reply_words, span_words
from backstamp.console.wording.reasons import reason_sentences
from backstamp.console.wording.threats import reason_words
from backstamp.mail.reports import Cause
from backstamp.records.models import DeliveryState
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.verdicts import SignalName
from backstamp.vocabulary import Actor, EventType

CONSOLE = Path(apps.get_app_config("console").path)
ICONS = set(re.findall(r'<symbol id="(\w+)"', (CONSOLE / "static/console/icons.svg").read_text()))


@pytest.mark.parametrize("type_", EventType)
def test_every_event_by_every_actor_has_words_and_an_icon(type_: EventType) -> None:
    for actor in Actor:
        words = event_words(type_, actor)
        assert words.title
        assert words.icon in ICONS


def test_every_cause_of_a_bounce_is_told_in_words_of_its_own() -> None:
    known = set(Cause) - {Cause.UNKNOWN}
    titles = {event_words(EventType.BOUNCED, Actor.UNKNOWN, cause=cause).title for cause in known}
    assert len(titles) == len(known)
    assert all(title.startswith("Bounced: ") for title in titles)
    for other in (Cause.UNKNOWN, "", "of another version"):
        assert event_words(EventType.BOUNCED, Actor.UNKNOWN, cause=other).title == "Bounced"


@pytest.mark.parametrize(
    ("code", "status", "text", "shown"),
    [
        (250, "2.0.0", "Ok: queued", "250 2.0.0 Ok: queued"),
        (
            "550",
            "5.1.1",
            "550 5.1.1 <bob@example.net>: no such user",
            "550 5.1.1 <bob@example.net>: no such user",
        ),
        (550, "5.1.1", "550-5.1.1 no such user", "550 5.1.1 no such user"),
        (550, "5.1.1", "550 no such user", "550 5.1.1 no such user"),
        (550, "", "5501 is no code", "550 5501 is no code"),
        (0, "5.1.1", "5.1.1 no such user", "5.1.1 no such user"),
        ("", "", "no such user", "no such user"),
        (421, "", "", "421"),
    ],
)
def test_a_reply_has_code_and_status_once(code: int | str, status: str, text: str, shown: str) -> None:
    assert reply_words(code, status, text) == shown


def test_why_a_link_was_left_alone_is_told_in_words() -> None:
    for reason in SkipReason:
        assert reason_words(reason.value) == reason.sentence
    assert reason_words("of another version") == "of another version"


def test_every_actor_and_delivery_state_has_words_and_an_icon() -> None:
    assert set(ACTORS) == set(Actor)
    assert set(DELIVERIES) == set(DeliveryState)
    assert {words.icon for words in (*ACTORS.values(), *DELIVERIES.values())} <= ICONS


def test_every_icon_that_a_template_names_is_there() -> None:
    templates = "".join(path.read_text() for path in (CONSOLE / "templates").rglob("*.html"))
    named = set(re.findall(r'{% icon "(\w+)" %}', templates))
    assert len(named) > 5
    assert named <= ICONS


def test_the_large_providers_fetches_are_called_by_their_names() -> None:
    def title(signal: str, actor: Actor) -> str:
        return event_words(EventType.OPENED, actor, [signal]).title

    assert title("apple_prefetch", Actor.PREFETCH) == "Fetched in advance by Apple: cannot say"
    assert title("gmail_prefetch", Actor.PREFETCH) == "Fetched in advance by Gmail"
    assert title("google_image_proxy", Actor.PROXIED_HUMAN) == "Likely opened, through Gmail"
    assert title("scanner_network", Actor.PREFETCH) == "Fetched in advance"


def words_people_see() -> Iterator[tuple[str, str]]:
    for path in (CONSOLE / "templates").rglob("*.html"):
        text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}|<[^>]*>", " ", path.read_text(), flags=re.DOTALL)
        yield path.name, text
    for type_ in EventType:
        for actor in Actor:
            for signal in ("", *SignalName):
                words = event_words(type_, actor, [signal])
                yield type_.value, f"{words.title} {words.line}"
    for words in (*ACTORS.values(), *DELIVERIES.values()):
        yield "wording", f"{words.title} {words.line}"
    for module in ("rules.py", "evidence.py"):
        source = resources.files("backstamp.verdicts").joinpath(module).read_text()
        tree = ast.parse(source)
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield module, node.value


@pytest.mark.parametrize("word", ["read", "reads", "reading", "unread"])
def test_no_page_and_no_reason_says_that_a_mail_was_read(word: str) -> None:
    allowed = re.compile(r"policy cannot be read|read receipt")  # a file; and what such a receipt is called
    said = [
        (where, text)
        for where, text in words_people_see()
        if re.search(rf"\b{word}\b", allowed.sub("", text), re.IGNORECASE)
    ]
    assert said == []


def test_only_people_are_shown_as_people() -> None:
    for actor, words in ACTORS.items():
        assert (words.tone == "person") == (actor in (Actor.HUMAN, Actor.PROXIED_HUMAN))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (3599, "59 minutes 59 seconds"),
        (3600, "1 hour"),
        (7325, "2 hours 2 minutes"),
        (86_400, "1 day"),
        (90_000, "1 day 1 hour"),
    ],
)
def test_spans_of_time_in_words(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


@given(st.floats(min_value=0, max_value=1e10))
def test_any_span_of_time_has_words(seconds: float) -> None:
    assert re.fullmatch(r"less than a second|\d+ \w+( \d+ \w+)?", span_words(seconds))


def test_the_tour_in_the_documents_names_every_address() -> None:
    tour = (Path(__file__).parents[2] / "docs" / "console.md").read_text()
    firsts = {str(pattern.pattern).partition("/")[0] for pattern in get_resolver().url_patterns}
    assert len(firsts) > 7
    assert {first for first in firsts if f"/{first}" not in tour} == set()


def test_reasons_are_shown_in_the_language_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [
        {"signal": "link_pair", "text": "{links} links.", "values": {"links": "2"}},
        {"signal": "mail_program", "text": "Said before there were templates: {odd}."},
        {"signal": "x", "text": ""},
        {"text": 7},
        "no reason",
    ]
    assert reason_sentences(stored) == ("2 links.", "Said before there were templates: {odd}.")
    german = {"{links} links.": "{links} Links."}
    monkeypatch.setattr(reasons, "gettext", lambda text: german.get(text, text))
    assert reason_sentences(stored)[0] == "2 Links."
