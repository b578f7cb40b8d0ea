"""The plans for printers of the corpus, as lines of plans.tsv.

The rule of this file: one line for each model, document and plan; a model whose printers differ has several. After a
change that is meant, `IPPFAST_CORPUS=... python tests/convert/plans.py > tests/convert/plans.tsv`, and read the
difference.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import ippfast
from ippfast import AttributeGroup, DelimiterTag
from ippfast.convert import Original, PlanError, plan

TABLE = Path(__file__).with_name("plans.tsv")

DOCUMENTS: dict[str, tuple[Original, dict[str, object]]] = {
    "A4 PDF, 2 copies on both sides": (
        Original("application/pdf", 21000, 29700),
        {"copies": 2, "sides": "two-sided-long-edge"},
    ),
    "letter PDF in gray": (Original("application/pdf", 21590, 27940), {"print-color-mode": "monochrome"}),
    "photo": (Original("image/jpeg"), {"print-quality": "high"}),
}


def printers(corpus: Path) -> Iterator[tuple[str, AttributeGroup]]:
    """The model of each printer that the corpus has an answer of, and its attributes."""
    for path in sorted((corpus / "messages").rglob("*.ipp")):
        try:
            message, _ = ippfast.decode_prefix(path.read_bytes())
        except ippfast.DecodeError:
            continue
        for group in message.groups_of(DelimiterTag.PRINTER)[:1]:
            if "document-format-supported" in group and "printer-make-and-model" in group:
                yield str(group.value("printer-make-and-model")), group


def line(model: str, attributes: AttributeGroup, document: str) -> str:
    original, job = DOCUMENTS[document]
    try:
        made = plan(original, attributes, job)
    except PlanError as error:
        return f"{model}\t{document}\tnone\t{error}"
    asked = [f"{name}={','.join(map(_show, each.values))}" for name, each in made.job.items()]
    return "\t".join([model, document, made.summary, "; ".join(made.why), " ".join(asked)])


def _show(value: object) -> str:
    if isinstance(value, ippfast.Collection):
        return "{" + " ".join(f"{each.name}={_show(each.values[0])}" for each in value) + "}"
    return str(value)


def table(corpus: Path) -> list[str]:
    lines = {line(model, group, document) for model, group in printers(corpus) for document in DOCUMENTS}
    return sorted(lines)


if __name__ == "__main__":
    print("\n".join(table(Path(os.environ["IPPFAST_CORPUS"]))))
