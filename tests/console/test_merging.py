"""Two administrators who change the same thing at once: neither undoes unseen what the other has done."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.console.forms.merging import MergingForm
from backstamp.policy import OnKnownBad
from backstamp.records.alerting.rules import rules
from backstamp.records.models import ProtectedDomain, SenderDomain, SenderPolicy
from backstamp.records.protection.domain_settings import set_protection
from backstamp.vocabulary import AlertRule
from tests.console.conftest import ADDRESS
from tests.console.filled_forms import filled

PAGE = "/protection/example.org/"
CHANGE = f"{PAGE}change/"
COLOURS = [("", "None"), ("red", "Red"), ("blue", "Blue")]


class Paint(MergingForm):
    colour = forms.ChoiceField(choices=COLOURS, required=False)
    glossy = forms.BooleanField(required=False)
    words = forms.CharField(required=False, widget=forms.Textarea)
    coats = forms.IntegerField(required=False)
    rooms = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], required=False)

    def __init__(self, data: Any = None, *, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.carry_shown(*self.fields)


STATES = st.fixed_dictionaries(
    {
        "colour": st.sampled_from(["", "red", "blue"]),
        "glossy": st.booleans(),
        "words": st.sampled_from(["", "one", "one\ntwo", "<b>\r\n&amp;"]),
        "coats": st.sampled_from([None, 0, 1]),
        "rooms": st.sampled_from([[], ["a"], ["a", "b"]]),
    }
)


def as_sent(state: dict[str, Any]) -> dict[str, list[str]]:
    """Return what a browser sends of a form in which that was chosen, without what the form bears."""
    page = "".join(str(Paint(initial=state)[name]) for name in state)
    return {name: value for name, value in filled(page).items() if not name.startswith("initial-")}


def sent_by(shown: dict[str, Any], wish: dict[str, Any]) -> QueryDict:
    """Return what is sent by whom was shown one state, and chose another."""
    borne = filled("".join(str(Paint(initial=shown)[name]) for name in shown))
    data = QueryDict(mutable=True)
    for name, values in borne.items():
        if name.startswith("initial-"):
            data.setlist(name, values)
    for name, values in as_sent(wish).items():
        data.setlist(name, values)
    return data


@settings(max_examples=50)
@given(STATES, STATES, STATES)
def test_what_one_changes_is_set_and_what_the_other_changed_stays(
    shown: dict[str, Any], wish: dict[str, Any], now: dict[str, Any]
) -> None:
    form = Paint(sent_by(shown, wish), initial=now)
    before, wanted, stands = as_sent(shown), as_sent(wish), as_sent(now)
    mine = {name for name in shown if wanted.get(name) != before.get(name)}
    both = {name for name in mine if stands.get(name) not in (before.get(name), wanted.get(name))}
    assert set(form.errors) == both
    if not both:
        assert set(form.to_save()) == mine
        return
    again = filled("".join(str(form[name]) for name in shown))
    data = QueryDict(mutable=True)
    for name, values in again.items():
        data.setlist(name, values)
    form = Paint(data, initial=now)
    assert form.is_valid()
    assert set(form.to_save()) == {name for name in mine if wanted.get(name) != stands.get(name)}
    result = as_sent(now | form.to_save())
    assert {name: result.get(name) for name in shown} == {
        name: (wanted if name in mine else stands).get(name) for name in shown
    }


def test_two_who_change_different_things_of_a_domain_both_have_their_way(admin: Client) -> None:
    set_protection("example.org", ADDRESS, page_text="Ask us.\nOr wait.")
    hers, his = filled(admin.get(PAGE).text, CHANGE), filled(admin.get(PAGE).text, CHANGE)
    assert admin.post(CHANGE, hers | {"mode": "protect", "action_phishing": "warn"}).status_code == 302
    assert admin.post(CHANGE, his | {"on_known_bad": "refuse", "action_malware": "warn"}).status_code == 302
    row = ProtectedDomain.objects.get()
    assert (row.mode, row.on_known_bad, row.page_text) == ("protect", "refuse", "Ask us.\nOr wait.")
    assert row.actions == {"phishing": "warn", "malware": "warn"}


def test_who_changes_what_another_has_changed_is_told_and_asked_again(admin: Client) -> None:
    set_protection("example.org", ADDRESS)
    his = filled(admin.get(PAGE).text, CHANGE)
    set_protection("example.org", "bert@example.org", on_known_bad=OnKnownBad.REFUSE, page_contact="it@x.org")
    answer = admin.post(CHANGE, his | {"on_known_bad": "log", "mode": "protect"})
    assert answer.status_code == 422
    assert "By now this is “Refuse the mail”. Save again to set it to what you chose." in answer.text
    row = ProtectedDomain.objects.get()
    assert (row.on_known_bad, row.mode) == ("refuse", "off")
    again = filled(answer.text, CHANGE)
    assert (again["on_known_bad"], again["mode"], again["page_contact"]) == (
        ["log"],
        ["protect"],
        ["it@x.org"],
    )
    assert admin.post(CHANGE, again).status_code == 302
    row.refresh_from_db()
    assert (row.on_known_bad, row.mode, row.page_contact) == ("log", "protect", "it@x.org")


def test_an_empty_form_takes_nothing_from_an_entry_that_is_there(admin: Client) -> None:
    SenderDomain.objects.create(name="example.org", opens=False, tracking_url="https://t.example.org")
    sent = filled(admin.get("/policy/").text, "/policy/domain/") | {"name": ["example.org"], "links": ["off"]}
    assert admin.post("/policy/domain/", sent).status_code == 302
    row = SenderDomain.objects.get()
    assert (row.opens, row.links, row.tracking_url) == (False, False, "https://t.example.org")
    answer = admin.post("/policy/domain/", sent | {"opens": "on", "links": ""})
    assert (answer.status_code, "By now this is “Off”." in answer.text) == (422, True)
    sender = SenderPolicy.objects.create(address="ada@example.org", opens=False)
    sent = filled(admin.get("/policy/").text, "/policy/sender/") | {"address": ["ada@example.org"]}
    shown = admin.post("/policy/sender/", sent, follow=True).text
    assert "Nothing was changed for ada@example.org" in shown
    sent = filled(shown, "/policy/sender/")
    assert sent["opens"] == ["off"]
    admin.post("/policy/sender/", sent | {"opens": ""})
    assert not SenderPolicy.objects.filter(pk=sender.pk).exists()


def test_two_who_set_the_same_rule_both_have_their_way(admin: Client) -> None:
    rule, page = AlertRule.NEW_HOST, "/alerts/settings/"
    change = f"{page}rules/{rule}/"
    hers, his = filled(admin.get(page).text, change), filled(admin.get(page).text, change)
    admin.post(change, hers | {"threshold": "7"})
    admin.post(change, his | {"domains": "example.org"})
    assert (rules()[rule].threshold, rules()[rule].domains) == (7, ("example.org",))
