"""JSON to a URL of an administrator's: one POST, no redirection followed."""

from collections.abc import Mapping
from http import HTTPStatus

from backstamp.worker.channels.errors import NotDeliveredError
from backstamp.worker.fetching import FetchError, post


def post_json(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
    """Post a body that is JSON; any status from 200 to 299 takes it. Blocks. Raises NotDeliveredError."""
    try:
        answer = post(url, body, {"Content-Type": "application/json", **(headers or {})})
    except FetchError as error:
        raise NotDeliveredError(str(error)) from None
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise NotDeliveredError(
            f"the server answered {answer.status}",
            gone=answer.status == HTTPStatus.GONE,
            retry_after=answer.retry_after,
        )
