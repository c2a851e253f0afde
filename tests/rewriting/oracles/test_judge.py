"""The judge and the oracles see what they are there to see: a miss that is put in is found."""

import pytest
from msgspec.structs import replace

from backstamp.rewriting import Carrier, Decision, Direction, Options, SkipReason, plan
from tests.rewriting.messages import message
from tests.rewriting.oracles.chromium import PIXEL_PREFIX, Chromium
from tests.rewriting.oracles.judge import Case, judge, rewritten_case
from tests.rewriting.oracles.lexbor import links_by_lexbor
from tests.rewriting.oracles.mail_program import ShownPart, shown_parts
from tests.rewriting.oracles.panel import Panel
from tests.rewriting.oracles.reports import Reported
from tests.rewriting.sealers import FixedSealer

TWO_LINKS = "<p><a href='https://evil.example/1'>x</a> <a href='https://evil.example/2'>y</a></p>"


def whys(case: Case, panel: Panel) -> set[str]:
    panel.learn(case.documents)
    return {miss.why for miss in judge(case, panel)}


def with_output(case: Case, old: str, new: str) -> Case:
    (part,) = case.after
    assert old in part.text
    return case._replace(after=(ShownPart(part.path, part.media_type, part.text.replace(old, new, 1)),))


@pytest.fixture
def case() -> Case:
    return rewritten_case(message(TWO_LINKS), Options())


def test_a_faithful_rewriting_has_no_misses(case: Case, panel: Panel) -> None:
    assert whys(case, panel) == set()


def test_a_link_that_was_not_wrapped_is_a_miss(case: Case, panel: Panel) -> None:
    sealed = case.manifest.candidates[1].new_url or ""
    assert whys(with_output(case, sealed, "https://evil.example/2"), panel) == {"neither wrapped nor listed"}


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://a%20b@evil.example/", "https://a%20b@evil.example/"),
        ("https://a%20b/", "as written"),
        ("https://c@a%20b/", "as written"),
        ("https://c%20d@a%20b/", "as written"),
        ("https://evil.example/%20", "https://evil.example/%20"),
    ],
)
def test_a_url_leads_nowhere_with_a_blank_in_its_host_and_only_there(url: str, key: str) -> None:
    assert Reported("a", "as written", url).key == key


def test_a_link_listed_for_another_carrier_is_a_miss(case: Case, panel: Panel) -> None:
    first, second = case.manifest.candidates
    listed = replace(
        second,
        carrier=Carrier.FORM,
        decision=Decision.SKIPPED,
        skip_reason=SkipReason.FORM,
        number=None,
        new_url=None,
    )
    changed = with_output(case, second.new_url or "", second.url)
    changed = changed._replace(manifest=replace(case.manifest, candidates=(first, listed)))
    assert whys(changed, panel) == {"neither wrapped nor listed"}


def test_a_link_wrapped_with_another_target_is_a_miss(case: Case, panel: Panel) -> None:
    first, second = case.manifest.candidates
    crossed = (replace(first, url=second.url), replace(second, url=first.url))
    found = whys(case._replace(manifest=replace(case.manifest, candidates=crossed)), panel)
    assert found == {f"wrapped with the target {url}" for url in (first.url, second.url)}


def test_anything_else_that_changed_is_a_miss(case: Case, panel: Panel) -> None:
    for new in ("<p class=x>", "<p> ", "<p><!-- x -->", "<div>"):
        assert "more changed than links and pixel" in whys(with_output(case, "<p>", new), panel)


def test_a_pixel_too_many_or_too_few_is_a_miss(case: Case, panel: Panel) -> None:
    pixel = f"<img src={PIXEL_PREFIX}x>"
    assert whys(with_output(case, "<p>", f"{pixel}<p>"), panel) == {"2 pixels"}
    part, text = case.after[0], case.after[0].text
    without = text[: text.index("<img")] + text[text.index(">", text.index("<img")) + 1 :]
    assert whys(case._replace(after=(part._replace(text=without),)), panel) == {"0 pixels"}


def test_a_part_that_changed_though_it_is_listed_as_left_alone_is_a_miss(panel: Panel) -> None:
    raw = message("<a href='https://evil.example/1'>x</a>", header="Content-Disposition: attachment\n")
    case = rewritten_case(raw, Options())
    assert whys(case, panel) == set()
    assert whys(with_output(case, "evil", "good"), panel) == {"changed, though listed as left alone"}


def test_scripts_make_a_difference_to_noscript_and_shadow_roots_only(browser: Chromium) -> None:
    html = (
        "<noscript><a href=https://evil.example/1></a></noscript>"
        "<script>document.write('<a href=x>')</script><p onclick=x><template shadowrootmode=open><a href=https://evil.example/2></a></template>"
        "<a href=https://evil.example/3>x</a><meta http-equiv=refresh content='0;url=https://evil.example/4'>"
    )
    off, on = browser.read([(html, False), (html, True)])
    assert [(link.url[-1], link.inert) for link in off.links] == [
        ("1", False),
        ("2", True),
        ("3", False),
        ("4", False),
    ]
    assert [(link.url[-1], link.inert) for link in on.links] == [("2", False), ("3", False), ("4", False)]


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=https://evil.example/1", "https://evil.example/1"),
        (" 5 , URL = 'https://evil.example/1'x", "https://evil.example/1"),
        ("0;https://evil.example/1", "https://evil.example/1"),
        (".5 https://evil.example/1", "https://evil.example/1"),
        ("url=https://evil.example/1", None),
        ("0;url=javascript:x", None),
        ("5", None),
    ],
)
def test_the_readers_find_the_target_of_a_refresh(panel: Panel, content: str, target: str | None) -> None:
    html = f'<meta http-equiv=Refresh content="{content}">'
    panel.learn([html])
    for reading in panel.readings(html):
        assert [(link.kind, link.value) for link in reading.links] == (
            [("meta_refresh", target)] if target else []
        )


def test_the_readers_look_into_documents_in_attributes(panel: Panel) -> None:
    html = (
        "<base href='https://evil.example/a/'><iframe srcdoc=\"<a href=1>x</a><base href='b/'>"
        "<iframe srcdoc='&lt;a href=2>'></iframe>\"></iframe><a href=3>x</a>"
    )
    panel.learn([html])
    for reading in panel.readings(html)[:2]:
        assert [(link.url, len(link.within)) for link in reading.links] == [
            ("https://evil.example/a/b/1", 1),
            ("https://evil.example/a/b/2", 2),
            ("https://evil.example/a/3", 0),
        ]
    assert [link.value for link in panel.readings(html)[2].links] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("html", "urls"),
    [
        ("<base href='ftp://evil.example/'><a href='//evil.example/1'>x</a>", ["https://evil.example/1"]),
        ("<base href='ftp://evil.example/'><a href='1'>x</a>", ["ftp://evil.example/1"]),
        ("<base href='//evil.example/'><a href='https:&lt;1'>x</a>", ["https://evil.example/%3C1"]),
        ("<iframe srcdoc='<a href=//evil.example/1>'></iframe>", ["https://evil.example/1"]),
        (
            "<base href='//evil.example/a/'><iframe srcdoc='<a href=1><base href=b/>'></iframe>",
            ["https://evil.example/a/b/1"],
        ),
    ],
)
def test_an_address_without_a_scheme_leads_where_a_program_leads_that_is_a_web_page(
    html: str, urls: list[str], panel: Panel
) -> None:
    panel.learn([html])
    for reading in panel.readings(html)[:2]:
        assert [link.url for link in reading.links] == urls


def test_a_base_that_only_some_readers_see_gives_the_others_no_target_that_is_missed(panel: Panel) -> None:
    html = "<a href='1'>\rx<noscript>\ufeff<base href='https://evil.example/off/'><a href='2'>"
    assert whys(rewritten_case(message(html), Options()), panel) == set()
    case = rewritten_case(message(html), Options(links=False))
    assert whys(case, panel) == set()
    nothing_listed = case._replace(manifest=replace(case.manifest, candidates=()))
    assert "neither wrapped nor listed" in whys(nothing_listed, panel)


def test_a_link_around_words_with_an_invisible_blank_changes_nothing_but_links(panel: Panel) -> None:
    html = "<p>https://evil.example/x\ufeff<a href='https://evil.example/2'>y</a></p>"
    case = rewritten_case(message(html), Options(direction=Direction.INBOUND))
    assert "x\ufeff</a><a" in case.after[0].text
    assert whys(case, panel) == set()


def test_lexbor_tells_carriers_in_html_from_their_like_in_svg() -> None:
    html = (
        "<svg><area href=1 /><form action=2 /><a xlink:href=3 /><desc><area href=4></desc></svg>"
        "<math><mi href=5><iframe src=6></iframe></mi></math><base href=7><link href=8><v:rect href=9>"
    )
    found = links_by_lexbor(html)
    assert [(link.kind, link.value) for link in found] == [
        ("href", "3"),
        ("area", "4"),
        ("href", "5"),
        ("frame", "6"),
        ("href", "9"),
    ]
    assert {link.base for link in found} == {"7"}


def test_the_mail_program_reads_what_python_reads() -> None:
    raw = message("<p>ü</p>", cte="base64") + b"\r\n"
    assert shown_parts(raw) == [ShownPart("1", "text/html", "<p>ü</p>")]
    assert plan(raw, Options()).apply(FixedSealer()).manifest.parts[0].path == "1"
