"""Whether an HTTP shell may listen where it is told to, before Granian tries."""

from backstamp.listening import addresses, reason_and_way, try_to_have


class PortTakenError(Exception):
    """The address cannot be listened on; the message says why, and what to do."""


def free_address(setting: str, host: str, port: int) -> str:
    """Return the IP address of `host`, on which we may listen: Granian takes no names.

    Of a name with several, an IPv4 one. `setting` is the name of the setting that the address came from.
    Raises `PortTakenError` where we may not listen: Granian's own complaint is a native stack trace.
    """
    try:
        address = addresses(host, port)[0]
        try_to_have(address, v6_only=False)
    except OSError as error:
        raise taken(setting, f"{host}:{port}", error) from None
    return address.ip


def taken(setting: str, address: str, error: OSError) -> PortTakenError:
    """Return what is to be raised where `address` of a setting cannot be listened on."""
    reason, way = reason_and_way(error)
    return PortTakenError(f"{setting}: cannot listen on {address} ({reason}); {way}")
