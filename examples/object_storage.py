"""A print server for asyncio that puts documents into object storage, part by part, while they arrive.

    python examples/object_storage.py /var/tmp/bucket

prints where it listens. `Bucket` stands for a service such as S3, with its multipart uploads: `create` begins one,
`put` sends a part, and only `complete` makes the object appear. Here they are files; another class with these three
methods is all it takes.
"""

import argparse
import asyncio
import itertools
import os
from pathlib import Path

from ippfast import Message, response
from ippfast.enums import JobState, Operation, Status
from ippfast.http import AsyncIncomingRequest, AsyncServer

PART = 5 * 1024 * 1024  # what S3 wants a part to have at least


class Bucket:
    """Objects in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    async def create(self, key: str) -> Path:
        path = self.directory / f".{key}.parts"
        await asyncio.to_thread(path.write_bytes, b"")
        return path

    async def put(self, upload: Path, part: bytes) -> None:
        def append() -> None:
            with upload.open("ab") as file:
                file.write(part)

        await asyncio.to_thread(append)

    async def complete(self, upload: Path, key: str) -> None:
        await asyncio.to_thread(os.replace, upload, self.directory / key)

    async def abort(self, upload: Path) -> None:
        await asyncio.to_thread(upload.unlink, missing_ok=True)


class StoragePrinter:
    """The handler: it takes Print-Job, and answers what a client asks before that."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.uri = ""
        self._ids = itertools.count(1)

    async def __call__(self, incoming: AsyncIncomingRequest) -> Message:
        message = incoming.message
        if message.operation is Operation.PRINT_JOB:
            return await self.print_job(incoming)
        if message.operation is Operation.VALIDATE_JOB:
            return response(message)
        if message.operation is Operation.GET_PRINTER_ATTRIBUTES:
            return response(message, printer=self.attributes())
        return response(message, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)

    async def print_job(self, incoming: AsyncIncomingRequest) -> Message:
        job_id = next(self._ids)
        key = f"job-{job_id}"  # never from what the client sent: a job-name is no safe name of a file
        upload = await self.bucket.create(key)
        try:
            part = bytearray()
            async for piece in incoming.document:  # nothing more arrives while this is busy
                part += piece
                if len(part) >= PART:
                    await self.bucket.put(upload, bytes(part))
                    part.clear()
            await self.bucket.put(upload, bytes(part))
            await self.bucket.complete(upload, key)
        except BaseException:  # the client went away, or the document was too large
            await self.bucket.abort(upload)
            raise
        job = {
            "job-id": job_id,
            "job-uri": f"{self.uri}/{job_id}",
            "job-state": JobState.COMPLETED,
            "job-state-reasons": "job-completed-successfully",
        }
        return response(incoming.message, job=job)

    def attributes(self) -> dict[str, object]:
        return {
            "printer-name": "Storage",
            "printer-uri-supported": self.uri,
            "printer-state": "idle",
            "printer-state-reasons": "none",
            "printer-is-accepting-jobs": True,
            "operations-supported": [
                Operation.PRINT_JOB,
                Operation.VALIDATE_JOB,
                Operation.GET_PRINTER_ATTRIBUTES,
            ],
            "document-format-supported": ["application/octet-stream", "application/pdf"],
            "ipp-versions-supported": ["1.1", "2.0"],
        }


async def serve(directory: Path, port: int) -> None:
    printer = StoragePrinter(Bucket(directory))
    async with AsyncServer(printer, port=port) as server:
        printer.uri = f"ipp://localhost:{server.port}/ipp/print"
        print(printer.uri, flush=True)
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.directory, arguments.port))


if __name__ == "__main__":
    main()
