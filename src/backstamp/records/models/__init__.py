"""The records: messages, recipients, links, events, and what administrators and recipients decided.

Tracking ids are unsigned 64-bit numbers in tokens and signed ones here (`tracking_ids`), because
both databases know signed ones only.  Times are timezone-aware UTC.
"""

from backstamp.records.models.alerting import (
    Alert,
    AlertPerson,
    AlertSetting,
    Channel,
    ClickedHost,
    ClickedHostPerson,
    Outgoing,
)
from backstamp.records.models.arrivals import (
    CapturedMail,
    SignInLink,
    UnmatchedReport,
)
from backstamp.records.models.counting import (
    ChangeCounter,
    DayCount,
    JournalCursor,
    PartChange,
)
from backstamp.records.models.events import (
    Event,
    HeaderSet,
    Reason,
    ReverseName,
)
from backstamp.records.models.messages import (
    DeliveryState,
    Link,
    Message,
    MessageRollup,
    MessageText,
    Recipient,
)
from backstamp.records.models.policy import (
    Consent,
    ErasedCopy,
    Kill,
    ListWish,
    RecordsRequest,
    SenderDomain,
    SenderPolicy,
    Suppression,
    Switch,
)
from backstamp.records.models.protection import (
    ExpressionKill,
    LiftedAllowance,
    LinkExpression,
    LinkFinding,
    OwnListEntry,
    ProtectedDomain,
    ProtectionException,
    ReaderReportRow,
)
from backstamp.records.models.words import (
    LONGEST_ADDRESS,
    LONGEST_MESSAGE_ID,
    LONGEST_METHOD,
    LONGEST_USER,
)

__all__ = [
    "LONGEST_ADDRESS",
    "LONGEST_MESSAGE_ID",
    "LONGEST_METHOD",
    "LONGEST_USER",
    "Alert",
    "AlertPerson",
    "AlertSetting",
    "CapturedMail",
    "ChangeCounter",
    "Channel",
    "ClickedHost",
    "ClickedHostPerson",
    "Consent",
    "DayCount",
    "DeliveryState",
    "ErasedCopy",
    "Event",
    "ExpressionKill",
    "HeaderSet",
    "JournalCursor",
    "Kill",
    "LiftedAllowance",
    "Link",
    "LinkExpression",
    "LinkFinding",
    "ListWish",
    "Message",
    "MessageRollup",
    "MessageText",
    "Outgoing",
    "OwnListEntry",
    "PartChange",
    "ProtectedDomain",
    "ProtectionException",
    "ReaderReportRow",
    "Reason",
    "Recipient",
    "RecordsRequest",
    "ReverseName",
    "SenderDomain",
    "SenderPolicy",
    "SignInLink",
    "Suppression",
    "Switch",
    "UnmatchedReport",
]
