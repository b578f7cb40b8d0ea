"""A table of all the messages of a directory, made by Dask: each worker reads its share of the files.

    pip install 'ippfast[columns]' 'dask[dataframe,distributed]'
    python examples/columns_dask.py captures/ values.parquet

writes a directory of Parquet files, a part for each share. With the address of a scheduler as the third argument
(``tcp://host:8786``) the work is done there; the files have to be where each worker sees them.
"""

import argparse
from pathlib import Path
from typing import Any

import dask.dataframe  # type: ignore[import-not-found,unused-ignore]
from dask.distributed import Client  # type: ignore[import-not-found,unused-ignore]

from ippfast.arrow import table

SHARE = 64  # files


def frame(paths: list[str]) -> Any:
    """The values of some files; strings stay Arrow's, names are strings too."""
    import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]

    return table(paths, plain=True).to_pandas(types_mapper=pandas.ArrowDtype)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("output")
    parser.add_argument("scheduler", nargs="?")
    arguments = parser.parse_args()
    paths = sorted(str(path) for path in arguments.directory.rglob("*") if path.is_file())
    shares = [paths[at : at + SHARE] for at in range(0, len(paths), SHARE)]
    with Client(arguments.scheduler) if arguments.scheduler else Client(n_workers=2, threads_per_worker=1):
        values = dask.dataframe.from_map(frame, shares, meta=frame([]))
        values.to_parquet(arguments.output, compression="zstd")
        print(len(dask.dataframe.read_parquet(arguments.output)), "values")


if __name__ == "__main__":
    main()
