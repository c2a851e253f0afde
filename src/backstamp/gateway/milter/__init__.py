"""milter: mail is examined where the MTA has it, at the end of DATA (docs/protect-postfix.md).

An MTA is asked for what is needed only, and answers nothing until the message is whole: one turn a message.
"""

from backstamp.gateway.milter.config import MilterConfig
from backstamp.gateway.milter.listener import MilterListener, check_milter_config
from backstamp.gateway.milter.message import (
    Accept,
    Examiner,
    MilterAnswer,
    MilterEnvelope,
    MilterPath,
    Refuse,
    Replace,
)

__all__ = [
    "Accept",
    "Examiner",
    "MilterAnswer",
    "MilterConfig",
    "MilterEnvelope",
    "MilterListener",
    "MilterPath",
    "Refuse",
    "Replace",
    "check_milter_config",
]
