"""A table of all the messages of a directory, made by Spark: each executor parses its share of the files.

    pip install 'ippfast[columns]' 'pyspark>=4'
    python examples/columns_spark.py captures/ values.parquet

Spark reads the files itself, so they may be wherever Spark reads from, and hands their octets over in batches. A
capture is a file of many messages: of such give the executors the paths instead, as the other examples do. Spark
needs Java 17 or later, and PYSPARK_PYTHON names the Python of the executors, which has to have ippfast.
"""

import sys
from collections.abc import Iterable, Iterator

import pyarrow
from pyspark.sql import SparkSession  # type: ignore[import-not-found,unused-ignore]
from pyspark.sql.pandas.types import from_arrow_schema  # type: ignore[import-not-found,unused-ignore]

from ippfast.arrow import table

FILES = pyarrow.schema([("path", pyarrow.string()), ("content", pyarrow.binary())])


def parsed(batches: "Iterable[pyarrow.RecordBatch]") -> "Iterator[pyarrow.RecordBatch]":
    for batch in batches:
        yield from table(batch, "content", keep=["path"], plain=True).to_batches()


def main(directory: str, output: str) -> None:
    spark = SparkSession.builder.appName("columns").getOrCreate()
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(directory)
    schema = from_arrow_schema(table(FILES.empty_table(), "content", keep=["path"], plain=True).schema)
    files.select("path", "content").mapInArrow(parsed, schema).write.parquet(output, compression="zstd")
    print(spark.read.parquet(output).count(), "values")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
