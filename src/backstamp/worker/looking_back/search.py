"""Mail of before is looked through for what is known now, a page of messages in each transaction."""

import asyncio
from datetime import UTC, datetime

from backstamp.records.looking_back.listings import Listing, matched, messages_under
from backstamp.records.looking_back.look import PAGE, look_back
from backstamp.worker.parts.database import Database


class Search:
    """Looks through mail for one thing at a time, beside ingest.

    What was found is in the records, so that nothing is found twice, whatever broke off.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alone = asyncio.Lock()

    async def look_for(self, listings: list[Listing]) -> int:
        """Look back; return for how many links that was news. Raises what the database raises."""
        if not listings:
            return 0
        found = 0
        async with self._alone:
            for listing in await self._database.run(matched, listings):
                messages = await self._database.run(messages_under, listing.digest)
                for at in range(0, len(messages), PAGE):
                    page = messages[at : at + PAGE]
                    done = await self._database.run(look_back, listing, page, datetime.now(UTC))
                    found += done.links
        return found
