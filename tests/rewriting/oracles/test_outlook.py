"""The reader of conditional comments does what Microsoft wrote of them."""

import pytest

from tests.rewriting.oracles.outlook import INTERNET_EXPLORER, OUTLOOK, is_true, outlook_views


@pytest.mark.parametrize(
    ("condition", "outlook", "explorer"),
    [
        ("mso", True, False),
        ("!mso", False, True),
        ("MSO 16", True, False),
        ("gte mso 9", True, False),
        ("lt mso 12", False, False),
        ("(gte mso 9)|(IE)", True, True),
        ("(gt mso 14)&(lte mso 16)", True, False),
        ("!(IE 9)", True, False),
        ("gte IE 5.5", False, True),
        ("vml", True, True),
        ("true", False, False),
        ("", False, False),
        ("(mso", False, False),
        ("mso)", False, False),
        ("mso mso", False, False),
        ("$", False, False),
    ],
)
def test_conditions_are_evaluated(condition: str, outlook: bool, explorer: bool) -> None:
    assert (is_true(condition, OUTLOOK), is_true(condition, INTERNET_EXPLORER)) == (outlook, explorer)


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<!--[if mso]>a<![endif]-->b", "ab"),
        ("<!--[if IE]>a<![endif]-->b", "b"),
        ("<![if !mso]>a<![endif]>b", "b"),
        ("<![if mso]>a<![endif]>b", "ab"),
        ("<!--[if !mso]><!-->a<!--<![endif]-->b", "b"),
        ("<!--[if !mso]>-->a<!--<![endif]-->b", "b"),
        ("<!--[if mso]><!-->a<!--<![endif]-->b", "ab"),
        ("<!--[if IE]>a<!--[if mso]>b<![endif]-->c<![endif]-->d", "d"),
        ("<!--[if mso]>a<!--[if mso]>b<![endif]-->c<![endif]-->d", "abcd"),
        ("<!--[if mso]>a --> b<![endif]-->c", "a --> bc"),
        ("<!-- [if mso] -->a", "<!-- [if mso] -->a"),
        ("<!-- <!--[if mso]>a --> b", "<!-- <!--[if mso]>a --> b"),
        ("<style><!--[if mso]>a<![endif]--></style>b", "<style><!--[if mso]>a<![endif]--></style>b"),
        ("<p title='<!--[if mso]>'>a", "<p title='<!--[if mso]>'>a"),
        ("<!--[if mso]>a", "a"),
        ("<!--[if IE]>a", ""),
        ("<!-->a<!--->b", "<!-->a<!--->b"),
        ("a < b <", "a < b <"),
    ],
)
def test_outlook_shows(markup: str, shown: str) -> None:
    assert dict(outlook_views(markup))["Outlook"] == shown


def test_every_condition_is_taken_for_true_once() -> None:
    assert (
        dict(outlook_views("<!--[if foo]>a<![endif]--><![if bar]>b<![endif]>"))["all conditions true"] == "ab"
    )
