"""PDFs that are made to crash, to take all memory, or never to end.

The rule of this file: small files, made here, each for one kind of attack.
"""

import zlib
from collections.abc import Sequence

__all__ = ["HOSTILE", "pdf_of"]

_A4 = b"[0 0 595 842]"


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, of which the first is the catalog."""
    octets, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(octets))
        octets += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    tail = b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return octets + tail % (size, table, size, len(octets))


def _page(content: bytes, media: bytes = _A4, extra: bytes = b"", objects: Sequence[bytes] = ()) -> bytes:
    packed = zlib.compress(content)
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox%b/Contents 4 0 R%b>>" % (media, extra),
            b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed),
            *objects,
        ]
    )


def _form(resources: bytes, content: bytes) -> bytes:
    head = b"<</Type/XObject/Subtype/Form/BBox[0 0 600 900]%b/Length %d>>stream\n" % (resources, len(content))
    return head + content + b"\nendstream"


def _calls(number: int) -> bytes:
    return b"/Resources<</XObject<</F %d 0 R>>>>" % number


def _form_that_calls_itself() -> bytes:
    return _page(b"/F Do", extra=_calls(5), objects=[_form(_calls(5), b"/F Do /F Do")])


def _forms_that_double() -> bytes:
    depth = 24
    forms = [_form(_calls(6 + number), b"/F Do /F Do") for number in range(depth)]
    return _page(b"/F Do", extra=_calls(5), objects=[*forms, _form(b"", b"0 0 9 9 re f")])


def _transparent_fills() -> bytes:
    resources = b"/Resources<</ExtGState<</G<</ca 0.01>>>>>>"
    return _page(b"/G gs\n" + b"0 0 595 842 re f\n" * 20_000, extra=resources)


def _image(size: int) -> bytes:
    packer = zlib.compressobj(9)
    rows = 100
    data = b"".join(packer.compress(bytes(size * rows)) for _ in range(size // rows)) + packer.flush()
    head = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray" % (size, size)
    image = head + b"/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(data), data)
    return _page(b"595 0 0 842 0 0 cm /F Do", extra=_calls(5), objects=[image])


def _many_pages() -> bytes:
    kids = b" ".join([b"3 0 R"] * 50_000)
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%b]/Count 50000>>" % kids,
            b"<</Type/Page/Parent 2 0 R/MediaBox%b>>" % _A4,
        ]
    )


HOSTILE = {
    "a form that calls itself": _form_that_calls_itself(),
    "forms that double": _forms_that_double(),
    "transparent fills": _transparent_fills(),
    "millions of strokes": _page(b"0 0 m 500 500 l S\n" * 5_500_000),
    "millions of saved states": _page(b"q " * 2_000_000),
    "a huge image": _image(30_000),
    "a large image": _image(20_000),
    "a huge page": _page(b"0 0 m 1 1 l S", b"[0 0 14400000 14400000]"),
    "a page without size": _page(b"", b"[0 0 0 0]"),
    "a page of another planet": _page(b"", b"[-1e38 -1e38 1e38 1e38]"),
    "too many pages": _many_pages(),
    "cut off": _page(b"0 0 m 1 1 l S")[:200],
    "no PDF": b"%PDF-1.7\nhello",
    "nothing": b"",
}
