"""Every address of the console."""

from django.urls import path, register_converter

from backstamp.console.converters import MessageKeyConverter
from backstamp.console.views import (
    account,
    alerts,
    clicks,
    lists,
    mailbox,
    messages,
    pixel,
    policy,
    protection,
    reader_reports,
    received,
    reports,
    simulation,
    suppressions,
    timeline,
)

register_converter(MessageKeyConverter, "message")

handler500 = "backstamp.console.views.trouble.page"
handler400 = "backstamp.console.views.not_understood.not_understood"

urlpatterns = [
    path("", messages.message_list, name="messages"),
    path("changes/", timeline.list_changes, name="list-changes"),
    path("messages/<message:key>/", messages.message, name="message"),
    path("messages/<message:key>/changes/", timeline.message_changes, name="message-changes"),
    path("messages/<message:key>/links/", messages.switch_links, name="switch-links"),
    path("received/", received.listed, name="received"),
    path("clicks/", clicks.listed, name="clicks"),
    path("clicks/export/", clicks.export, name="clicks-export"),
    path("alerts/", alerts.listed, name="alerts"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("alerts/<int:pk>/delete/", alerts.delete, name="alert-delete"),
    path("alerts/settings/", alerts.settings, name="alert-settings"),
    path("alerts/settings/rules/<str:name>/", alerts.change_rule, name="alert-rule"),
    path("alerts/settings/channels/add/", alerts.add_channel, name="channel-add"),
    path("alerts/settings/channels/<int:pk>/test/", alerts.test_channel, name="channel-test"),
    path("alerts/settings/channels/<int:pk>/switch/", alerts.switch_channel, name="channel-switch"),
    path("alerts/settings/channels/<int:pk>/remove/", alerts.remove_channel, name="channel-remove"),
    path("reader-reports/", reader_reports.listed, name="reader-reports"),
    path("reader-reports/<int:pk>/", reader_reports.handle, name="reader-report"),
    path("lists/", lists.overview, name="lists"),
    path("lists/own/add/", lists.add, name="own-list-add"),
    path("lists/own/<int:pk>/remove/", lists.remove, name="own-list-remove"),
    path("lists/off/add/", lists.switch_off, name="switch-off"),
    path("lists/off/<int:pk>/remove/", lists.switch_on, name="switch-on"),
    path("protection/", protection.overview, name="protection"),
    path("protection/add/", protection.add, name="protection-add"),
    path("protection/<str:name>/", protection.domain, name="protected-domain"),
    path("protection/<str:name>/change/", protection.change, name="protected-domain-change"),
    path("protection/<str:name>/preview/<str:action>/", protection.preview, name="page-preview"),
    path("protection/<str:name>/exceptions/add/", protection.add_exception, name="exception-add"),
    path(
        "protection/<str:name>/exceptions/<int:pk>/remove/",
        protection.remove_exception,
        name="exception-remove",
    ),
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
