"""lists: many lists of dangerous URLs, compiled to one buffer that all workers of the edge share.

A list holds hashes of Safe Browsing expressions (`urls.safe_browsing`): whole ones, of which 8 bytes are
kept, or bare prefixes of 4 bytes and more, which name clean URLs too and want to be confirmed by their
publisher.

    urlhaus = Source("urlhaus", ThreatType.MALWARE)
    hashes = [full_hash(url_expression(url)) for url in urls]
    compile_lists(file, [SourceEntries(urlhaus, hashes)], now_us=now, carry=before)
    lists = ThreatLists(memoryview(mapped))     # raises ThreatListsError, and nothing later does
    lists.look_up(url)                          # -> tuple[Finding, ...], the most telling first
    lists.look_up_hashes(full_hashes(url))      # the same, where the hashes are known
    newly_listed(lists, before)                 # -> whole hashes that no list named before

A look-up asks one filter over all lists for each expression, and the lists themselves only where that says
"perhaps". Neither allocates more than what is found; the buffer is never copied.
"""

from backstamp.threats.lists.compiling import compile_lists
from backstamp.threats.lists.differences import NewlyListed, newly_listed
from backstamp.threats.lists.errors import ThreatListsError
from backstamp.threats.lists.reading import ThreatLists
from backstamp.threats.lists.sources import WHOLE_BYTES, Source, SourceEntries, day_of

__all__ = [
    "WHOLE_BYTES",
    "NewlyListed",
    "Source",
    "SourceEntries",
    "ThreatLists",
    "ThreatListsError",
    "compile_lists",
    "day_of",
    "newly_listed",
]
