"""The pages before a link, in German."""

from typing import Final

from backstamp.edge.link_pages.wording import LinkWords, Look, Why
from backstamp.vocabulary import ReaderReportKind, ThreatType

GERMAN: Final = LinkWords(
    language="de",
    date="{day}. {month} {year}",
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
        *("August", "September", "Oktober", "November", "Dezember"),
    ),
    by="{organisation} schützt Ihre Post",
    by_nobody="Ihr Mailsystem prüft die Links in Ihrer Post",
    by_sender="Das Mailsystem des Absenders prüft die Links in seiner Post",
    titles={
        Look.BLOCKED: "Dieser Link ist gesperrt",
        Look.SWITCHED_OFF: "Dieser Link wurde abgeschaltet",
        Look.WARNED: "Dieser Link kann gefährlich sein",
        Look.CHECKING: "Dieser Link wird geprüft",
        Look.UNCHECKED: "Dieser Link kann gerade nicht geprüft werden",
        Look.ABANDONED: "Diesen Link prüft niemand mehr",
    },
    leads={
        Look.BLOCKED: "Sie wurden nicht dorthin geleitet, und es ist nichts passiert. Sie können diese Seite "
        "schließen.",
        Look.SWITCHED_OFF: "Er führt nirgendwohin mehr. Sie wurden nicht weitergeleitet, und es ist nichts "
        "passiert. Wenn Sie hier etwas erwartet haben, fragen Sie den Absender der Nachricht.",
        Look.WARNED: "Sie wurden noch nicht dorthin geleitet. Sehen Sie sich zuerst die Adresse an: Ist es "
        "die, die Sie erwartet haben?",
        Look.CHECKING: "Bitte warten Sie: Das dauert höchstens drei Sekunden und geht dann von selbst "
        "weiter.",
        Look.UNCHECKED: "Ob er sicher ist, ließ sich gerade nicht feststellen. Versuchen Sie es in einigen "
        "Minuten noch einmal, oder gehen Sie weiter, wenn Sie den Absender kennen und diesen Link erwartet "
        "haben.",
        Look.ABANDONED: "Was die Links dieser Mail geprüft hat, ist abgeschaltet worden. Gehen Sie nur "
        "weiter, wenn Sie den Absender kennen und diesen Link erwartet haben.",
    },
    leads_to="Er führt zu",
    led_to="Er führte zu",
    leads_on_to="und von dort zu",
    reason="Warum",
    named_by="Auf der Liste",
    since="{list}, seit dem {date}",
    is_punycode="Einige Buchstaben dieser Adresse lassen sich mit anderen verwechseln; deshalb steht sie "
    "hier in ihrer technischen Schreibweise.",
    whole_address="Ganze Adresse anzeigen",
    listed={
        ThreatType.MALWARE: "Er ist dafür bekannt, schädliche Programme zu verbreiten.",
        ThreatType.PHISHING: "Er ist für Betrug bekannt: Solche Seiten stehlen Passwörter oder "
        "Zahlungsdaten.",
        ThreatType.UNWANTED_SOFTWARE: "Er ist dafür bekannt, Programme anzubieten, die Unerwünschtes tun.",
        ThreatType.SPAM: "Er ist aus unerwünschter Werbung bekannt.",
        ThreatType.FORBIDDEN: "Er steht auf einer Liste von Links, die hier nicht erlaubt sind.",
        ThreatType.SUSPICIOUS: "Er steht auf einer Liste verdächtiger Links.",
    },
    suspected={
        ThreatType.MALWARE: "Er ist möglicherweise schädlich: Es besteht der Verdacht, dass er "
        "schädliche Programme verbreitet.",
        ThreatType.PHISHING: "Er täuscht möglicherweise: Es besteht der Verdacht, dass er Passwörter oder "
        "Bezahldaten stiehlt.",
        ThreatType.UNWANTED_SOFTWARE: "Es besteht der Verdacht, dass er Programme anbietet, die tun, "
        "worum niemand gebeten hat.",
    },
    not_certain="Dieser Schutz ist nicht vollkommen: Auch vor sicheren Seiten kann irrtümlich gewarnt "
    "werden, und nicht alle gefährlichen sind bekannt.",
    advisory="Hinweis von Google (Advisory provided by Google)",
    learn_more="Mehr über solche Seiten",
    why={
        Why.UNRESOLVED: "Er steht vielleicht auf einer Liste gefährlicher Links; das ließ sich nicht "
        "rechtzeitig feststellen.",
        Why.OWN_LIST: "Ein Administrator hat ihn gesperrt.",
        Why.SWITCHED_OFF: "Ein Administrator hat ihn abgeschaltet.",
        Why.DOUBTED: "Er sah in der Nachricht verdächtig aus, als sie ankam.",
        Why.ASKED_OFTEN: "Er wird ungewöhnlich oft aufgerufen, als würde er in unerwünschter Werbung "
        "verbreitet.",
        Why.IMITATES: "Seine Adresse ist leicht mit {name} zu verwechseln, ist aber eine andere.",
        Why.BORROWS: "Seine Adresse benutzt den Namen von {name}, ist aber eine andere.",
        Why.LETTERS: "Seine Adresse enthält Buchstaben, die sich mit anderen verwechseln lassen.",
        Why.DISGUISED: "Seine Adresse ist so geschrieben, dass man kaum sieht, wohin sie führt.",
        Why.NUMBERS: "Seine Adresse ist eine bloße Nummer und kein Name.",
        Why.PORT: "Er führt zu einem ungewöhnlichen Anschluss (Port) des Servers.",
        Why.LONG: "Seine Adresse ist so lang, dass man ihr Ende, auf das es ankommt, leicht übersieht.",
        Why.NEW: "Niemand hier hat je Post mit dieser Adresse bekommen.",
        Why.WORDS: "Die Nachricht zeigt {name}, der Link führt aber zu einer anderen Adresse.",
        Why.ONWARD: "Er führt weiter zu einer anderen Adresse.",
        Why.SHARE: "Er öffnet einen Ordner auf einem fremden Rechner, der so Ihr Passwort erfahren kann.",
        Why.FILE: "Er lädt ein Programm herunter.",
    },
    go_on_hint="Gehen Sie nur weiter, wenn Sie den Absender kennen und diesen Link erwartet haben. Geben "
    "Sie dort kein Passwort ein, und öffnen Sie nichts, was heruntergeladen wird. Dass Sie weitergegangen "
    "sind, wird aufgezeichnet.",
    go_on="Trotzdem weitergehen",
    override_hint="Wenn Sie trotzdem dorthin müssen, sagen Sie, warum. Ihr Grund wird aufgezeichnet, und der "
    "Administrator liest ihn.",
    override_reason="Ihr Grund",
    override="Mit diesem Grund weitergehen",
    look_again="Jetzt noch einmal nachsehen",
    report_title="Sagen Sie es dem Administrator",
    report_done="Ihre Meldung ist weitergegeben",
    report_hint="Beides hilft, andere zu schützen.",
    report_more="Ein paar Worte hinzufügen",
    report_text="Was sollte der Administrator wissen?",
    report={
        ReaderReportKind.MISTAKE: "Das ist ein Irrtum",
        ReaderReportKind.PHISHING: "Die Nachricht ist Betrug",
    },
    reported={
        ReaderReportKind.MISTAKE: "Danke. Der Administrator sieht, dass Sie dies für einen Irrtum halten.",
        ReaderReportKind.PHISHING: "Danke. Der Administrator sieht, dass Sie die Nachricht für Betrug "
        "halten.",
    },
    reason_missing="Bitte sagen Sie, warum: wenigstens in ein paar Worten.",
    not_now="Das kann gerade nicht vermerkt werden. Bitte versuchen Sie es in einigen Minuten noch einmal.",
    contact="Fragen?",
)
