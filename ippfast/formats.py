"""The format of a document by its first octets.

The rule of this file: the format is what a document claims to be. Nothing here checks whether it is valid.
"""

__all__ = ["sniff"]

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"%!", "application/postscript"),
    (b"\x04%!", "application/postscript"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"RaS2", "image/pwg-raster"),
    (b"RaSt", "application/vnd.cups-raster"),
    (b"tSaR", "application/vnd.cups-raster"),
    (b"UNIRAST\0", "image/urf"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x1bE", "application/vnd.hp-pcl"),
    (b"PK\x03\x04", "application/oxps"),
)
_LANGUAGES = (
    (b"PDF", "application/pdf"),
    (b"POSTSCRIPT", "application/postscript"),
    (b"PCL", "application/vnd.hp-pcl"),
)
_TEXT = bytes({*range(32, 127), *range(128, 256), 8, 9, 10, 12, 13})


def sniff(head: bytes) -> str:
    """The format of a document by its first octets; application/octet-stream if they do not show it."""
    if head.startswith(b"\x1b%-12345X"):  # a job in HP's PJL, which may say what language follows
        for line in head.upper().splitlines():
            if b"ENTER LANGUAGE" in line:
                language = line.partition(b"=")[2].strip()
                return next(
                    (format_ for word, format_ in _LANGUAGES if language.startswith(word)), "application/octet-stream"
                )
        return "application/vnd.hp-pcl"
    for magic, format_ in _MAGIC:
        if head.startswith(magic):
            return format_
    is_text = bool(head) and not head.translate(None, _TEXT)
    return "text/plain" if is_text else "application/octet-stream"
