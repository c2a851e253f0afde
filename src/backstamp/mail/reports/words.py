"""What a report can say, and the types in which it is said."""

from enum import StrEnum

import msgspec


class ReportKind(StrEnum):
    """What a mail that came back is.

    `dsn`: what became of a delivery (RFC 3464, and notices of any other form). `mdn`: a receipt (RFC 8098).
    `feedback`: a complaint of a reader, by a mailbox provider (RFC 5965). `auto_reply`: an answer by a
    machine (RFC 3834). `reply`: an answer by a person. `none`: none of these.
    """

    DSN = "dsn"
    MDN = "mdn"
    FEEDBACK = "feedback"
    AUTO_REPLY = "auto_reply"
    REPLY = "reply"
    NONE = "none"


class Action(StrEnum):
    """What happened to a recipient's copy (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class BounceClass(StrEnum):
    """`hard`: the address itself is no good. `soft`: later, or another mail, may get through.

    `undetermined`: it came back, as it seems, and its words are not known here. `other`: nothing came back.
    """

    HARD = "hard"
    SOFT = "soft"
    UNDETERMINED = "undetermined"
    OTHER = "other"


class Cause(StrEnum):
    """Why a copy was not delivered, as far as status and words tell."""

    USER_UNKNOWN = "user_unknown"
    HOST_UNKNOWN = "host_unknown"
    MOVED = "moved"
    DISABLED = "disabled"
    MAILBOX_FULL = "mailbox_full"
    TOO_BIG = "too_big"
    EXPIRED = "expired"
    NETWORK = "network"
    CONTENT = "content"
    POLICY = "policy"
    RATE = "rate"
    LOOP = "loop"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class RecipientReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of one recipient.

    Attributes:
        address: the recipient as the sender wrote it, as far as the report tells (RFC 3464 §2.3.1); "" where
            it names none that is an address.
        final: as the reporting system knows it, where that is another one: behind an alias, say.
        guessed: the report does not name `address`: it is the one to which the returned mail is addressed,
            or a name without a domain at that of the notice.
        action: see `Action`.
        bounce: see `BounceClass`.
        cause: see `Cause`.
        because: by what `cause` was found, in words: the words of the server, the status, the code; or "".
        enhanced_status: "5.1.1" (RFC 3463), or "".
        code: the SMTP reply code, or 0.
        text: the diagnostic text on one line, at most 500 characters.
        remote_mta: the server that said so, or "".
        last_attempt_us: when delivery was last tried, microseconds since 1970 UTC, or 0 (RFC 3464 §2.3.7).
    """

    address: str
    final: str = ""
    guessed: bool = False
    action: Action = Action.FAILED
    bounce: BounceClass = BounceClass.HARD
    cause: Cause = Cause.UNKNOWN
    because: str = ""
    enhanced_status: str = ""
    code: int = 0
    text: str = ""
    remote_mta: str = ""
    last_attempt_us: int = 0


class ReturnedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of the message that it is about; "" where it does not."""

    message_id: str = ""
    envelope_id: str = ""
    sender: str = ""
    recipient: str = ""
    subject: str = ""
    references: tuple[str, ...] = ()


class MailReport(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that came back, understood.

    Attributes:
        kind: see `ReportKind`.
        recipients: for a DSN, whom it is about; for a feedback report and an MDN, whose it is; for answers,
            who answers. May be empty.
        about: the message that it is about.
        reporter: the system that made it: Reporting-MTA, Reporting-UA or User-Agent, else the domain of From.
        arrival_us: of a DSN and of a feedback report, when the mail came to that system, microseconds since
            1970 UTC, or 0 (RFC 3464 §2.2.5, RFC 5965 §3.2).
        disposition: of an MDN, in lower case: "displayed", "deleted", "processed", ...
        feedback_type: of a feedback report, in lower case: "abuse", "fraud", "not-spam", ...
    """

    kind: ReportKind
    recipients: tuple[RecipientReport, ...] = ()
    about: ReturnedMessage = ReturnedMessage()
    reporter: str = ""
    arrival_us: int = 0
    disposition: str = ""
    feedback_type: str = ""
