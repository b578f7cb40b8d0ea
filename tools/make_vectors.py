"""Writes the hand-made vectors: tests/vectors/rfc8010, odd, refused, and their INDEX.tsv.

    python tools/make_vectors.py            write the files (always the same octets)
    python tools/make_vectors.py --check    write nothing; exit status 1 where a file differs from that

The rule of this file: the folders hold what the generators yield and nothing else. tests/vectors/README.md
says what the columns of the index mean.
"""

import argparse
import sys
from pathlib import Path

from vector_tokens import Vector
from vectors_odd import odd
from vectors_refused import refused
from vectors_rfc8010 import rfc8010

VECTORS = Path(__file__).resolve().parent.parent / "tests" / "vectors"
FOLDERS = ("rfc8010", "odd", "refused")
COLUMNS = ("file", "outcome", "offset", "raw_values", "what", "section")


def files() -> dict[str, bytes]:
    """Every file by its path below tests/vectors."""
    vectors: list[Vector] = [*rfc8010(), *odd(), *refused()]
    content = {vector.file: vector.octets for vector in vectors}
    if len(content) != len(vectors):
        raise SystemExit("two vectors have one name")
    rows = [COLUMNS, *(map(str, vector[: len(COLUMNS)]) for vector in vectors)]
    content["INDEX.tsv"] = "".join("\t".join(row) + "\n" for row in rows).encode()
    return content


def present() -> dict[str, bytes]:
    """What the folders hold now."""
    paths = [path for folder in FOLDERS for path in sorted((VECTORS / folder).glob("*"))]
    index = VECTORS / "INDEX.tsv"
    return {str(path.relative_to(VECTORS)): path.read_bytes() for path in (*paths, index) if path.exists()}


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the hand-made test vectors.")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check = parser.parse_args().check
    wanted, found = files(), present()
    differing = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    for name in differing:
        path = VECTORS / name
        if check:
            print(f"{name}: not what the generator writes")
        elif name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[name])
        else:
            path.unlink()
    octets = sum(map(len, wanted.values()))
    print(f"{len(wanted) - 1} vectors, {octets:,} octets; {len(differing)} files differed")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
