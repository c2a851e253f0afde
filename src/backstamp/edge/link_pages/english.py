"""The pages before a link, in English."""

from typing import Final

from backstamp.edge.link_pages.wording import LinkWords, Look, Why
from backstamp.vocabulary import ReaderReportKind, ThreatType

ENGLISH: Final = LinkWords(
    language="en",
    date="{day} {month} {year}",
    months=(
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    by="{organisation} protects your mail",
    by_nobody="Your mail system checks the links in your mail",
    by_sender="The sender’s mail system checks the links in its mail",
    titles={
        Look.BLOCKED: "This link is blocked",
        Look.SWITCHED_OFF: "This link has been switched off",
        Look.WARNED: "This link may be dangerous",
        Look.CHECKING: "This link is being checked",
        Look.UNCHECKED: "This link cannot be checked now",
        Look.ABANDONED: "Nobody checks this link any more",
    },
    leads={
        Look.BLOCKED: "You have not been taken there, and nothing has happened. You can close this page.",
        Look.SWITCHED_OFF: "It leads nowhere any more. You have not been taken anywhere, and nothing has "
        "happened. If you expected something here, ask the sender of the mail.",
        Look.WARNED: "You have not been taken there yet. Look at the address first: is it the one you "
        "expected?",
        Look.CHECKING: "Please wait: this takes three seconds at most, and then goes on by itself.",
        Look.UNCHECKED: "Whether it is safe could not be found out just now. Try again in a few minutes, "
        "or go on if you know the sender and expected this link.",
        Look.ABANDONED: "What checked the links of this mail has been shut down. Go on only if you know the "
        "sender and expected this link.",
    },
    leads_to="It leads to",
    led_to="It led to",
    leads_on_to="and from there to",
    reason="Why",
    named_by="Listed by",
    since="{list}, since {date}",
    is_punycode="Some letters of this address can be mistaken for others, so it is spelled in its "
    "technical form.",
    whole_address="Show the whole address",
    listed={
        ThreatType.MALWARE: "It is known to spread harmful programs.",
        ThreatType.PHISHING: "It is known for fraud: pages like this steal passwords or payment details.",
        ThreatType.UNWANTED_SOFTWARE: "It is known to offer programs that do what nobody asked for.",
        ThreatType.SPAM: "It is known from unsolicited mail.",
        ThreatType.FORBIDDEN: "It is on a list of links that are not allowed here.",
        ThreatType.SUSPICIOUS: "It is on a list of suspicious links.",
    },
    suspected={
        ThreatType.MALWARE: "It may be harmful: it is suspected of spreading harmful programs.",
        ThreatType.PHISHING: "It may be deceptive: it is suspected of stealing passwords or payment details.",
        ThreatType.UNWANTED_SOFTWARE: "It is suspected of offering programs that do what nobody asked for.",
    },
    not_certain="This protection is not perfect: safe pages may be warned of by mistake, and not all that "
    "are risky are known.",
    advisory="Advisory provided by Google",
    learn_more="Learn more about such pages",
    why={
        Why.UNRESOLVED: "It may be on a list of dangerous links; that could not be found out in time.",
        Why.OWN_LIST: "An administrator has blocked it.",
        Why.SWITCHED_OFF: "An administrator has switched it off.",
        Why.DOUBTED: "It looked suspicious in the mail, when that came.",
        Why.ASKED_OFTEN: "It is being opened unusually often, as if it were spread in unsolicited mail.",
        Why.IMITATES: "Its address can be mistaken for {name}, and is another one.",
        Why.BORROWS: "Its address uses the name of {name}, and is another one.",
        Why.LETTERS: "Its address has letters that can be mistaken for others.",
        Why.DISGUISED: "Its address is written so that one can hardly see where it leads.",
        Why.NUMBERS: "Its address is a bare number and no name.",
        Why.PORT: "It leads to an unusual door (port) of the server.",
        Why.LONG: "Its address is so long that its end, which counts, is easily overlooked.",
        Why.NEW: "Nobody here got mail with this address before.",
        Why.WORDS: "The mail shows {name}, but the link leads to another address.",
        Why.ONWARD: "It leads on to another address.",
        Why.SHARE: "It opens a folder on a machine outside, which may learn your password that way.",
        Why.FILE: "It downloads a program.",
    },
    go_on_hint="Go on only if you know the sender and expected this link. Enter no password there, and open "
    "nothing that is downloaded. That you went on is recorded.",
    go_on="Go on all the same",
    override_hint="If you must go there all the same, say why. Your reason is recorded, and the "
    "administrator reads it.",
    override_reason="Your reason",
    override="Go on with this reason",
    look_again="Look again now",
    report_title="Tell the administrator",
    report_done="Your report has been passed on",
    report_hint="Either helps to protect others.",
    report_more="Add a few words",
    report_text="What should the administrator know?",
    report={
        ReaderReportKind.MISTAKE: "This is a mistake",
        ReaderReportKind.PHISHING: "The mail is fraud",
    },
    reported={
        ReaderReportKind.MISTAKE: "Thank you. The administrator will see that you think this is a mistake.",
        ReaderReportKind.PHISHING: "Thank you. The administrator will see that you think the mail is fraud.",
    },
    reason_missing="Please say why, in a few words at least.",
    not_now="That cannot be noted just now. Please try again in a few minutes.",
    contact="Questions?",
)
