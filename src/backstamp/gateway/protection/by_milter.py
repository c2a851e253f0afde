"""by_milter: the link protection as a milter sees it: one message, whoever its recipients are."""

from collections.abc import Callable

from backstamp.gateway.access import parse_address, party_of
from backstamp.gateway.delivering.copies import Addressee, Arrival
from backstamp.gateway.milter import Accept, MilterAnswer, MilterEnvelope, Reject, Replace, TempFail
from backstamp.gateway.protection.protector import Protector
from backstamp.gateway.protocol.commands import address_of
from backstamp.rewriting import ControlFields, facts_header, message_facts
from backstamp.vocabulary import Origin


class MilterProtection:
    """Examines messages for `milter.MilterListener`."""

    def __init__(
        self, protector: Protector, *, new_tracking_id: Callable[[], int], clock: Callable[[], float]
    ) -> None:
        """`clock` returns seconds since 1970 UTC."""
        self._protector = protector
        self._new_tracking_id = new_tracking_id
        self._clock = clock

    async def __call__(self, envelope: MilterEnvelope, raw: bytes) -> MilterAnswer:
        """Return what becomes of a message."""
        header = facts_header(raw)
        whole = await self._protector.examine(
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
                tracking_id=self._new_tracking_id(),
                trace_id=envelope.queue_id or envelope.trace_id,
                at_us=int(self._clock() * 1_000_000),
                recorded=False,
            ),
            from_us=bool(envelope.authenticated_user),
        )
        if whole.refusal is not None:
            return TempFail(whole.refusal) if whole.refusal.transient else Reject(whole.refusal)
        return Replace(whole.message) if whole.message.patches else Accept()
