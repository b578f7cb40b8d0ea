"""A table of all the messages of a directory, made by Ray Data: each worker reads its share of the files.

    pip install 'ippfast[columns]' 'ray[data]'
    python examples/columns_ray.py captures/ values.parquet

writes a directory of Parquet files. Ray starts on this machine, or joins the cluster that RAY_ADDRESS names; the files
have to be where each worker sees them.
"""

import argparse
from pathlib import Path

import pyarrow
import ray  # type: ignore[import-not-found,unused-ignore]

from ippfast.arrow import table

SHARE = 64  # files


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("output")
    arguments = parser.parse_args()
    paths = sorted(str(path) for path in arguments.directory.rglob("*") if path.is_file())
    ray.init(include_dashboard=False, log_to_driver=False)
    files = ray.data.from_arrow(pyarrow.table({"path": paths})).repartition(1 + len(paths) // SHARE)
    options = {"column": "path", "keep": ["path"], "plain": True}
    values = files.map_batches(table, batch_format="pyarrow", fn_kwargs=options)
    values.write_parquet(arguments.output, compression="zstd")
    print(ray.data.read_parquet(arguments.output).count(), "values")


if __name__ == "__main__":
    main()
