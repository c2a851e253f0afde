"""What became of a copy, as sentences for people say it."""

import pytest

from backstamp.mail.reports import Action, read_report, recipients
from backstamp.mail.reports.outcome import outcome
from backstamp.mail.reports.phrases import saying

SAID = {
    Action.DELIVERED: (
        "Your message has been successfully delivered to bob@example.net.",
        "Delivery was successful: bob@example.net",
        "Ihre Nachricht wurde zugestellt an bob@example.net.",
        "Votre message a bien été remis à bob@example.net.",
        "El mensaje se ha entregado correctamente.",
        "Il messaggio è stato consegnato a bob@example.net.",
        "A sua mensagem foi entregue a bob@example.net.",
        "Uw bericht is bezorgd bij bob@example.net.",
        "Meddelandet har levererats till bob@example.net.",
        "Meddelelsen blev leveret til bob@example.net.",
        "Wiadomość została pomyślnie dostarczona do bob@example.net.",
        "Сообщение было успешно доставлено: bob@example.net",
        "メールは bob@example.net に配信されました。",
        "메일이 bob@example.net 에게 전달되었습니다.",
        "邮件已成功送达 bob@example.net。",
    ),
    Action.RELAYED: (
        "The message was relayed to mx.example.net; expect no further notifications.",
        "Der Zielserver hat keine Zustellungsbenachrichtigung gesandt.",
        "El servidor de destino no envió ninguna notificación de entrega.",
        "Aucune notification de remise n'est venue du serveur.",
    ),
    Action.DELAYED: (
        "Your message has not yet been delivered to bob@example.net.",
        "Remise incomplète : bob@example.net",
        "Bezorging onvolledig: bob@example.net",
        "Доставка не завершена: bob@example.net",
        "El mensaje se está demorando.",
    ),
    Action.FAILED: (
        "Your message has not been successfully delivered to bob@example.net.",
        "None of your mail was delivered to bob@example.net.",
        "Ihre Nachricht wurde nicht erfolgreich zugestellt.",
        "Le message n'a pas été remis à bob@example.net.",
        "Le message n'a été remis à aucun destinataire.",
        "El mensaje no se ha entregado a bob@example.net.",
        "Il messaggio non è stato consegnato a bob@example.net.",
        "A sua mensagem não foi entregue a bob@example.net.",
        "Meddelandet har inte levererats till bob@example.net.",
        "Meddelelsen er ikke leveret til bob@example.net.",
        "Wiadomość nie została pomyślnie dostarczona do bob@example.net.",
        "Ваше сообщение не было доставлено: bob@example.net",
        "Ваше письмо не было успешно доставлено: bob@example.net",
        "Повідомлення не було доставлено: bob@example.net",
        "メールは bob@example.net に配信されませんでした。",
        "메일이 bob@example.net 에게 전달되지 않았습니다.",
        "邮件未成功送达 bob@example.net。",
        "邮件没有成功送达 bob@example.net。",
    ),
}
GIVEN_UP = (
    "The message was delayed and will not be retried.",
    "Die Zustellung war verzögert und ist endgültig gescheitert.",
    "La remise, retardée, est abandonnée.",
    "La entrega con retraso ha fallado definitivamente.",
    "Доставка задержана и окончательно прекращена.",
    "配信が遅れていましたが、断念しました。",
    "邮件延迟，已放弃投递。",
)


@pytest.mark.parametrize(
    ("action", "said"), [(action, said) for action, texts in SAID.items() for said in texts]
)
def test_a_sentence_tells_what_became_of_a_copy(action: Action, said: str) -> None:
    assert outcome(said, said) is action


@pytest.mark.parametrize("said", SAID[Action.FAILED])
def test_a_sentence_of_a_failure_is_known_as_one(said: str) -> None:
    assert saying("failed").search(said) is not None


@pytest.mark.parametrize("said", GIVEN_UP)
def test_a_delay_after_which_nobody_tries_again_is_a_failure(said: str) -> None:
    assert saying("late").search(said) is not None
    assert outcome(said, said) is Action.FAILED


WORDS = "Your message could not be delivered to:\n\n<bob@example.net>: host mx said: 550 5.1.1 unknown\n"
FIELDS = "Final-Recipient: rfc822; bob@example.net\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n\n"


@pytest.mark.parametrize(
    ("first", "line"),
    [(WORDS, "<eve{}@example.net>: away\n"), (FIELDS, "Final-Recipient: rfc822; eve{}@example.net\n\n")],
    ids=["in words", "in fields"],
)
def test_what_a_notice_says_of_all_is_asked_once_whomever_it_names(
    monkeypatch: pytest.MonkeyPatch, first: str, line: str
) -> None:
    """Each of a hundred recipients had the whole text searched anew, in every language: 11 s for 64 KB."""
    asked: list[str] = []

    def of_all(text: str) -> Action:
        asked.append(text)
        return Action.DELAYED

    monkeypatch.setattr(recipients, "of_all", of_all)
    head = "From: MAILER-DAEMON@example.org\nSubject: Undelivered Mail Returned to Sender\n\n"
    report = read_report(f"{head}{first}{''.join(map(line.format, range(50)))}".encode())
    assert [each.action for each in report.recipients] == [Action.FAILED, *[Action.DELAYED] * 50]
    assert len(asked) == 1
