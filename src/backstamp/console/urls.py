"""Every address of the console."""

from django.urls import path, register_converter

from backstamp.console.converters import MessageKeyConverter
from backstamp.console.views import (
    account,
    mailbox,
    messages,
    pixel,
    policy,
    reports,
    simulation,
    suppressions,
    timeline,
)

register_converter(MessageKeyConverter, "message")

urlpatterns = [
    path("", messages.message_list, name="messages"),
    path("changes/", timeline.list_changes, name="list-changes"),
    path("messages/<message:key>/", messages.message, name="message"),
    path("messages/<message:key>/changes/", timeline.message_changes, name="message-changes"),
    path("messages/<message:key>/links/", messages.switch_links, name="switch-links"),
    path("sample/", messages.send_sample, name="send-sample"),
    path("mailbox/", mailbox.mail_list, name="mailbox"),
    path("mailbox/<int:pk>/", mailbox.mail, name="mail"),
    path("mailbox/<int:pk>/html/", mailbox.html_frame, name="mail-html"),
    path("mailbox/<int:pk>/raw/", mailbox.raw, name="mail-raw"),
    path("mailbox/<int:pk>/delete/", mailbox.delete, name="mail-delete"),
    path("reports/", reports.unmatched, name="reports"),
    path("reports/<int:pk>/delete/", reports.delete, name="delete-report"),
    path("simulation/", simulation.simulation, name="simulation"),
    path("simulation/start/", simulation.start, name="start-simulation"),
    path("pixel/", pixel.new_pixel, name="new-pixel"),
    path("pixel/<message:key>/", pixel.made_pixel, name="made-pixel"),
    path("policy/", policy.overview, name="policy"),
    path("policy/switch/", policy.switch, name="policy-switch"),
    path("policy/domain/", policy.domain, name="policy-domain"),
    path("policy/sender/", policy.sender, name="policy-sender"),
    path("policy/consent/", policy.consent, name="policy-consent"),
    path("suppressions/", suppressions.listed, name="suppressions"),
    path("suppressions/add/", suppressions.add, name="suppression-add"),
    path("suppressions/<int:pk>/remove/", suppressions.remove, name="suppression-remove"),
    path("sign-in/", account.sign_in, name="sign-in"),
    path("sign-in/", account.sign_in, name="account_login"),  # the name that django-allauth asks for
    path("sign-out/", account.sign_out, name="sign-out"),
    path("welcome/<str:token>", account.welcome, name="welcome"),
]
