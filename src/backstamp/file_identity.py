"""file_identity: by what a file is known to be another one, or written by another, than when it was seen."""

from os import stat_result

FileIdentity = tuple[int, int, int]


def identity_of(status: stat_result) -> FileIdentity:
    """Return inode, time of the last change in nanoseconds, and size in octets."""
    return status.st_ino, status.st_mtime_ns, status.st_size
