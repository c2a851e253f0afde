"""reports: what comes back of sent mail: reports of mail systems, receipts, replies, complaints.

Each is put to its message (`matching`) before it is journalled, unless it is about somebody who was erased
(`of_erased`). Ingest takes it once (`repeated`), and counts what it says beside the delivery (`signs`).
"""
