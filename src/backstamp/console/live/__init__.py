"""live: pages that change while they are looked at."""
