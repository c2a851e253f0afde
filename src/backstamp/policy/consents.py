"""What recipients said about being measured."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Final, Self

import msgspec

from backstamp.policy.keys import NONE, Keys


class ConsentState(StrEnum):
    """What a recipient said about one axis; who said nothing has no entry."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Consent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recipient's consent on the two axes."""

    opens: ConsentState | None = None
    links: ConsentState | None = None


class AxisConsents(msgspec.Struct, frozen=True):
    """Who said what about one axis; of two words of one person the withdrawal holds."""

    granted: Keys = NONE
    withdrawn: Keys = NONE

    def of(self, recipient_key: bytes) -> ConsentState | None:
        """Return what a recipient said."""
        if recipient_key in self.withdrawn:
            return ConsentState.WITHDRAWN
        return ConsentState.GRANTED if recipient_key in self.granted else None

    def with_those_of(self, recipients: Collection[bytes], now: "AxisConsents") -> "AxisConsents":
        """Return this with what some recipients say now."""
        return AxisConsents(
            *(
                before.changed({key: key in after for key in recipients})
                for before, after in ((self.granted, now.granted), (self.withdrawn, now.withdrawn))
            )
        )


NOTHING_SAID: Final = AxisConsents()


class Consents(Mapping[bytes, Consent]):
    """The consents of all who said something, by recipient key."""

    def __init__(self, opens: AxisConsents = NOTHING_SAID, links: AxisConsents = NOTHING_SAID) -> None:
        self.opens = opens
        self.links = links

    @classmethod
    def said(cls, consents: Mapping[bytes, Consent]) -> Self:
        """Return the consents of a plain mapping."""

        def on(axis: str) -> AxisConsents:
            return AxisConsents(
                *(
                    Keys.of(key for key, each in consents.items() if getattr(each, axis) is state)
                    for state in ConsentState
                )
            )

        return cls(on("opens"), on("links"))

    def with_those_of(self, recipients: Collection[bytes], now: "Consents") -> "Consents":
        """Return this with what some recipients say `now`, who may have said other things before."""
        return Consents(
            self.opens.with_those_of(recipients, now.opens), self.links.with_those_of(recipients, now.links)
        )

    def __getitem__(self, recipient_key: bytes) -> Consent:
        opens, links = self.opens.of(recipient_key), self.links.of(recipient_key)
        if opens is None and links is None:
            raise KeyError
        return Consent(opens, links)

    def __iter__(self) -> Iterator[bytes]:
        axes = self.opens, self.links
        return iter(set().union(*(keys for axis in axes for keys in (axis.granted, axis.withdrawn))))

    def __len__(self) -> int:
        return sum(1 for _ in self)
