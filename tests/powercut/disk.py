"""A disk with a volatile cache: what was written since the last flush is lost when the power goes.

A process of its own serves one file through /dev/fuse. The kernel mounts a file system on that file, so what reaches
this process is what would reach a disk: blocks, and flushes. Commands arrive on standard input.
"""

import ctypes
import errno
import os
import random
import select
import stat
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BLOCK = 4096
LARGEST_WRITE = 1 << 20
REQUEST = struct.Struct("<IIQQIIIHH")  # length, opcode, unique, node, uid, gid, pid, and two of extensions
ANSWER = struct.Struct("<IiQ")  # length, error, unique
TRANSFER = struct.Struct("<QQIIQII")  # file handle, offset, size, and what we do not need
ATTRIBUTES = struct.Struct("<QII6Q10I")
INIT_ANSWER = struct.Struct("<IIIIHHIIHHI28x")
PROTOCOL = (7, 31)
BIG_WRITES = 1 << 5
MAX_PAGES = 1 << 22


class Disk:
    """The blocks that are safe, in a file, and those that are only in the cache."""

    def __init__(self, image: Path) -> None:
        self.file = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.file).st_size
        self.cache: dict[int, bytes] = {}

    def read(self, offset: int, size: int) -> bytes:
        size = max(0, min(size, self.size - offset))
        first = offset // BLOCK
        last = (offset + size + BLOCK - 1) // BLOCK
        data = bytearray(os.pread(self.file, (last - first) * BLOCK, first * BLOCK))
        for number in range(first, last):
            block = self.cache.get(number)
            if block is not None:
                start = (number - first) * BLOCK
                data[start : start + BLOCK] = block
        start = offset - first * BLOCK
        return bytes(data[start : start + size])

    def write(self, offset: int, data: bytes) -> None:
        first = offset // BLOCK
        end = offset + len(data)
        before = self.read(first * BLOCK, offset - first * BLOCK)
        after = self.read(end, -end % BLOCK)
        whole = before + data + after
        for start in range(0, len(whole), BLOCK):
            self.cache[first + start // BLOCK] = whole[start : start + BLOCK]

    def flush(self) -> None:
        _write_blocks(self.file, self.cache)
        self.cache.clear()

    def cut(self, image: Path, seed: str) -> int:
        """Write what the disk holds after a power cut right now: of the cache, any blocks or none. Return how many."""
        chance = random.Random(seed)
        share = chance.choice((0.0, chance.random(), 1.0))
        kept = {number: block for number, block in self.cache.items() if chance.random() < share}
        with image.open("wb") as copy:
            copy.truncate(self.size)
            _copy_data(self.file, copy.fileno(), self.size)
            _write_blocks(copy.fileno(), kept)
        return len(self.cache) - len(kept)


def _write_blocks(file: int, blocks: dict[int, bytes]) -> None:
    for number, block in blocks.items():
        os.pwrite(file, block, number * BLOCK)


def _copy_data(source: int, target: int, size: int) -> None:
    """Copy the parts of a file that are not holes."""
    end = 0
    with suppress(OSError):  # behind the last data there is only a hole
        while end < size:
            start = os.lseek(source, end, os.SEEK_DATA)
            end = os.lseek(source, start, os.SEEK_HOLE)
            while start < end:
                start += os.copy_file_range(source, target, end - start, start, start)


class Server:
    """Answers what the kernel asks about the one file."""

    def __init__(self, disk: Disk, device: int) -> None:
        self.disk = disk
        self.device = device
        self.answers: dict[int, Callable[[bytes], bytes]] = {
            3: self.attributes,  # GETATTR
            4: self.attributes,  # SETATTR
            14: lambda _: bytes(16),  # OPEN
            15: self.read,
            16: self.write,
            17: lambda _: bytes(80),  # STATFS
            18: lambda _: b"",  # RELEASE
            20: self.flush,  # FSYNC
            25: lambda _: b"",  # FLUSH, which is only what closing a file does
            26: self.begin,  # INIT
        }

    def serve(self) -> None:
        """Answer until standard input ends, or the file is unmounted."""
        while True:
            readable = select.select([self.device, 0], [], [])[0]
            if 0 in readable and not self.obey():
                return
            if self.device in readable and not self.answer():
                return

    def obey(self) -> bool:
        line = sys.stdin.readline()
        if not line:
            return False
        path, seed = line.split()
        print(self.disk.cut(Path(path), seed), flush=True)
        return True

    def answer(self) -> bool:
        try:
            request = os.read(self.device, LARGEST_WRITE + BLOCK)
        except OSError as error:
            return error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN)
        _, opcode, unique, *_ = REQUEST.unpack_from(request)
        if opcode in (2, 36, 42):  # FORGET, INTERRUPT, BATCH_FORGET: no answer
            return True
        handle = self.answers.get(opcode)
        body = handle(request[REQUEST.size :]) if handle else b""
        status = 0 if handle else -errno.ENOSYS
        os.write(self.device, ANSWER.pack(ANSWER.size + len(body), status, unique) + body)
        return True

    def begin(self, _: bytes) -> bytes:
        pages = LARGEST_WRITE // BLOCK
        return INIT_ANSWER.pack(*PROTOCOL, 0, BIG_WRITES | MAX_PAGES, 16, 12, LARGEST_WRITE, 1, pages, 0, 0)

    def attributes(self, _: bytes) -> bytes:
        valid_seconds = 3600
        size = self.disk.size
        mode = stat.S_IFREG | 0o600
        return ATTRIBUTES.pack(valid_seconds, 0, 0, 1, size, size // 512, *[0] * 6, mode, 1, 0, 0, 0, BLOCK, 0)

    def read(self, body: bytes) -> bytes:
        _, offset, size, *_ = TRANSFER.unpack_from(body)
        return self.disk.read(offset, size)

    def write(self, body: bytes) -> bytes:
        _, offset, size, *_ = TRANSFER.unpack_from(body)
        self.disk.write(offset, body[TRANSFER.size : TRANSFER.size + size])
        return struct.pack("<II", size, 0)

    def flush(self, _: bytes) -> bytes:
        self.disk.flush()
        return b""


def main(image: str, file: str) -> None:
    """Serve an image as a file, until standard input ends."""
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=100000,user_id=0,group_id=0"
    if libc.mount(b"linkmill-disk", file.encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "a disk cannot be mounted")
    print("ready", flush=True)
    Server(Disk(Path(image)), device).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
