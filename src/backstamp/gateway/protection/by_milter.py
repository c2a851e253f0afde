"""by_milter: the link protection as a milter sees it: one message, whoever its recipients are."""

from collections.abc import Callable
from dataclasses import dataclass

from backstamp.gateway.access import parse_address, party_of
from backstamp.gateway.delivering.copies import Addressee, Arrival
from backstamp.gateway.milter import Accept, MilterAnswer, MilterEnvelope, Refuse, Replace
from backstamp.gateway.protection.protector import Protector
from backstamp.gateway.protocol.commands import address_of
from backstamp.rewriting import ControlFields, facts_header, message_facts
from backstamp.vocabulary import Origin


@dataclass(frozen=True)
class MilterProtection:
    """Examines messages for `milter.MilterListener`; `clock` returns seconds since 1970 UTC."""

    protector: Protector
    new_tracking_id: Callable[[], int]
    clock: Callable[[], float]

    async def __call__(self, envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        """Return what becomes of a message."""
        header = facts_header(raw)
        whole = await self.protector.examine(
            Arrival(
                raw=raw,
                header=header,
                facts=message_facts(raw, header),
                controls=ControlFields(),
                origin=Origin.MILTER,
                party=party_of(parse_address(envelope.client_address)),
                reverse_path=address_of(envelope.reverse_path.path),
                addressees=tuple(
                    Addressee(index, address_of(recipient.path), wanted=True)
                    for index, recipient in enumerate(envelope.recipients)
                ),
                tracking_id=self.new_tracking_id(),
                trace_id=envelope.queue_id or envelope.trace_id,
                at_us=int(self.clock() * 1_000_000),
                recorded=False,
            ),
            from_us=bool(envelope.authenticated_user),
        )
        if whole.refusal is not None:
            return Refuse(whole.refusal)
        return Replace(whole.message) if whole.message.patches else Accept()
