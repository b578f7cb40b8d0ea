"""The nine examples of RFC 8010, Appendix A.

The rule of this file: one line is one or more rows of the RFC's tables, with their "Octets" column:
hexadecimal where it begins with 0x and the characters themselves otherwise.
"""

from collections.abc import Iterable

from vector_tokens import Vector

__all__ = ["rfc8010"]

RFC_OPENING = """0x01
0x47 | 0x0012 | attributes-charset          | 0x0005 | utf-8
0x48 | 0x001b | attributes-natural-language | 0x0005 | en-us
"""
RFC_PRINTER_URI = "0x45 | 0x000b | printer-uri | 0x002c | ipp://printer.example.com/ipp/print/pinetree\n"
RFC_JOB = """0x02
0x21 | 0x0006 | job-id    | 0x0004 | 0x00000093
0x45 | 0x0007 | job-uri   | 0x0030 | ipp://printer.example.com/ipp/print/pinetree/147
0x23 | 0x0009 | job-state | 0x0004 | 0x00000003
0x03
"""  # The RFC prints job-state's value as 0x0003; an enum has four octets, as the value-length above it says.

RFC8010 = {
    "a1-print-job-request": f"""0x0101 | 0x0002 | 0x00000001
{RFC_OPENING}{RFC_PRINTER_URI}
0x42 | 0x0008 | job-name               | 0x0006 | foobar
0x22 | 0x0016 | ipp-attribute-fidelity | 0x0001 | 0x01
0x02
0x21 | 0x0006 | copies | 0x0004 | 0x00000014
0x44 | 0x0005 | sides  | 0x0013 | two-sided-long-edge
0x03
%!PDF...""",
    "a2-print-job-response": f"""0x0101 | 0x0000 | 0x00000001
{RFC_OPENING}
0x41 | 0x000e | status-message | 0x000d | successful-ok
{RFC_JOB}""",
    "a3-print-job-response-failure": f"""0x0101 | 0x040b | 0x00000001
{RFC_OPENING}
0x41 | 0x000e | status-message | 0x002f | client-error-attributes-or-values-not-supported
0x05
0x21 | 0x0006 | copies | 0x0004 | 0x00000014
0x10 | 0x0005 | sides  | 0x0000
0x03""",
    "a4-print-job-response-attributes-ignored": f"""0x0101 | 0x0001 | 0x00000001
{RFC_OPENING}
0x41 | 0x000e | status-message | 0x002f | successful-ok-ignored-or-substituted-attributes
0x05
0x21 | 0x0006 | copies | 0x0004 | 0x00000014
0x10 | 0x0005 | sides  | 0x0000
{RFC_JOB}""",
    "a5-print-uri-request": f"""0x0101 | 0x0003 | 0x00000001
{RFC_OPENING}{RFC_PRINTER_URI}
0x45 | 0x000c | document-uri | 0x0019 | ftp://foo.example.com/foo
0x42 | 0x0008 | job-name     | 0x0006 | foobar
0x02
0x21 | 0x0006 | copies | 0x0004 | 0x00000001
0x03""",
    "a6-create-job-request": f"""0x0101 | 0x0005 | 0x00000001
{RFC_OPENING}{RFC_PRINTER_URI}
0x03""",
    "a7-create-job-request-collection": f"""0x0101 | 0x0005 | 0x00000001
{RFC_OPENING}{RFC_PRINTER_URI}
0x34 | 0x0009 | media-col | 0x0000
0x4a | 0x0000 | 0x000a | media-size
0x34 | 0x0000 | 0x0000
0x4a | 0x0000 | 0x000b | x-dimension
0x21 | 0x0000 | 0x0004 | 0x00005208
0x4a | 0x0000 | 0x000b | y-dimension
0x21 | 0x0000 | 0x0004 | 0x00007404
0x37 | 0x0000 | 0x0000
0x4a | 0x0000 | 0x000a | media-type
0x44 | 0x0000 | 0x000a | stationery
0x37 | 0x0000 | 0x0000
0x03""",
    "a8-get-jobs-request": f"""0x0101 | 0x000a | 0x0000007b
{RFC_OPENING}{RFC_PRINTER_URI}
0x21 | 0x0005 | limit                | 0x0004 | 0x00000032
0x44 | 0x0014 | requested-attributes | 0x0006 | job-id
0x44 | 0x0000 | 0x0008 | job-name
0x44 | 0x0000 | 0x000f | document-format
0x03""",
    "a9-get-jobs-response": f"""0x0101 | 0x0000 | 0x0000007b
{RFC_OPENING}
0x41 | 0x000e | status-message | 0x000d | successful-ok
0x02
0x21 | 0x0006 | job-id   | 0x0004 | 0x00000093
0x36 | 0x0008 | job-name | 0x000c | 0x0005 | fr-ca | 0x0003 | fou
0x02
0x02
0x21 | 0x0006 | job-id   | 0x0004 | 0x00000094
0x36 | 0x0008 | job-name | 0x0012 | 0x0005 | de-CH | 0x0009 | isch guet
0x03""",
}


def rfc8010() -> Iterable[Vector]:
    for name, table in RFC8010.items():
        octets = b"".join(
            bytes.fromhex(token[2:]) if token.startswith("0x") else token.encode()
            for token in (token.strip() for row in table.splitlines() for token in row.split("|"))
        )
        end = len(octets.removesuffix(b"%!PDF..."))
        what = name[3:].replace("-", " ")
        section = f"RFC 8010 {name[:2].upper().replace('A', 'A.')}"
        yield Vector(f"rfc8010/{name}.ipp", "accepted", end, 0, what, section, octets)
