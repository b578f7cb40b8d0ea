"""Compares the sdist and the wheel in dist/ with what the repository holds.

    python -m build && python tools/check_distributions.py [DIRECTORY]

The rule of this file: the sdist is every file of the repository and nothing that a build made; the wheel is the
package's Python files, py.typed, the printer's description, a font and the compiled modules, and none of the sources of
these. Exit status 1, and the names, where that is not so.
"""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGED = r"ippfast/(.*\.py|py\.typed|printer/(description\.toml|web/assets/.*)|convert/NotoSansMono-Regular\..*)"
GENERATED = r"PKG-INFO|setup\.cfg|ippfast\.egg-info/.*"


def repository() -> set[str]:
    """The paths of all files of the repository, new ones that are not committed yet included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {path for path in output.split("\0") if path and (ROOT / path).exists()}


def sdist(archive: Path) -> set[str]:
    """The paths in an sdist below its one directory, without what setuptools adds."""
    with tarfile.open(archive) as tar:
        paths = {member.name.partition("/")[2] for member in tar if member.isfile()}
    return {path for path in paths if not re.fullmatch(GENERATED, path)}


def wheel(archive: Path) -> set[str]:
    """The paths in a wheel without its metadata, those of compiled modules without what follows the name."""
    with zipfile.ZipFile(archive) as contents:
        paths = {path for path in contents.namelist() if ".dist-info/" not in path}
    return {re.sub(r"\.[^/]*\.so$", "", path) for path in paths}


def differ(what: str, expected: set[str], found: set[str]) -> bool:
    """Print what is missing and what is too much."""
    for path in sorted(expected - found):
        print(f"{what} lacks {path}")
    for path in sorted(found - expected):
        print(f"{what} should not have {path}")
    return expected != found


def main() -> None:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    (source,), (built,) = directory.glob("*.tar.gz"), directory.glob("*.whl")
    files = repository()
    package = {path for path in files if re.fullmatch(PACKAGED, path)}
    compiled = {path.removesuffix(".pyx") for path in files if path.endswith(".pyx")} | {
        "ippfast/_attribute_c",
        "ippfast/_message_c",
        "ippfast/compat/_loops_c",
    }
    wrong = [differ(source.name, files, sdist(source)), differ(built.name, package | compiled, wheel(built))]
    print(f"{source.name}: {len(sdist(source))} files; {built.name}: {len(wheel(built))} files")
    sys.exit(any(wrong))


if __name__ == "__main__":
    main()
