"""Run a stranger's notebook in processes of its own, and leave none behind.

The notebook's code can still do what its user can: this bounds accidents, such as
a loop that prints, and is no sandbox. A module run in a process of its own
(``python -P -m vqvae_lesson.classroom.execution``) starts the kernel; the one that
called it watches both, and whatever they start.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from vqvae_lesson.errors import LessonError

MOST_OUTPUT = 10_000_000  # characters that a notebook may print
MOST_MEMORY = 3 * 2**30  # bytes that it may hold, with all that it starts
MOST_AT_ONCE = 8 * 2**30  # bytes that one process may ask for, held or not
MOST_FILE = 500_000_000  # bytes of a file that it writes
WATCH = 0.1  # seconds from one look to the next
ADOPT = 36  # PR_SET_CHILD_SUBREAPER: orphans become children of who asks for it
TOO_MUCH = f"it prints more than {MOST_OUTPUT:,} characters"


def run_notebook(path, notebook, seconds):
    """Run a notebook's cells, errors and all, and stop all that it started.

    Parameters
    ----------
    path : path
        Where it lies; its code runs in that folder. The file stays as it is.
    notebook : dict
        What to run, in Jupyter's format.
    seconds : float
        For the whole notebook.

    Returns
    -------
    dict
        The executed notebook.

    Raises
    ------
    LessonError
        If it takes too long, prints or holds too much, or cannot be run.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "given.json"), Path(folder, "made.json")
        given.write_text(json.dumps(notebook), encoding="utf-8")
        command = [sys.executable, "-P", "-m", __spec__.name]
        with _descendants_stopped(), _terminable():
            worker = subprocess.Popen(
                [*command, given, made, Path(path).absolute().parent],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            _watch(path, worker, seconds)
        try:
            result = json.loads(made.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            result = "its kernel died"
    if isinstance(result, str):
        raise LessonError(f"{path} cannot be executed: {result}")
    return result


def adopt_orphans(wanted):
    """Let what a process's children leave behind become its own, where Linux runs."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(ADOPT, int(wanted), 0, 0, 0)


def children(parent):
    """List the processes that descend from one, where ``/proc`` tells.

    Parameters
    ----------
    parent : int

    Returns
    -------
    set of int
    """
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state = (folder / "stat").read_text(errors="replace").rpartition(")")[2]
            parents.setdefault(int(state.split()[1]), []).append(int(folder.name))
    found, waiting = set(), [parent]
    while waiting:
        new = {*parents.get(waiting.pop(), ())} - found
        found |= new
        waiting += new
    return found


def _held(processes):
    """Bytes of memory that processes hold, shared memory included, but no files."""
    held = 0
    for process in processes:
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith(("RssAnon:", "RssShmem:")):
                    held += 1024 * int(line.split()[1])
    return held


def _watch(path, worker, seconds):
    """Wait for a worker; raise as soon as it takes too much time or memory."""
    began = time.monotonic()
    while worker.poll() is None:
        if time.monotonic() - began > seconds:  # a sum may be too large for a float
            worker.kill()  # where nothing tells of processes, it at least
            raise LessonError(f"{path} ran for more than {seconds} seconds")
        if _held({worker.pid} | children(worker.pid)) > MOST_MEMORY:
            raise LessonError(
                f"{path} took more than {MOST_MEMORY // 2**30} GB of memory"
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(WATCH)


@contextlib.contextmanager
def _terminable():
    """Turn a request to end into an exit that cleans up, in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _descendants_stopped():
    """Kill, at the end, all processes that began inside, orphans as well."""
    before = children(os.getpid())
    adopt_orphans(True)
    try:
        yield
    finally:
        later = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, later)
        for _ in range(500):
            left = children(os.getpid()) - before
            if not left:
                break
            for process in left:
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGKILL)
                with contextlib.suppress(OSError):  # nobody else asks after it
                    os.waitpid(process, os.WNOHANG)
            time.sleep(0.01)
        adopt_orphans(False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, later)


def _limit():
    """Bound what this process and its children may write and ask for."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        for kind, most in (
            (resource.RLIMIT_FSIZE, MOST_FILE),
            (resource.RLIMIT_DATA, MOST_AT_ONCE),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (most, most))


def _execute(notebook, folder, made):
    """Run a notebook in a kernel; stop where it prints too much."""
    # A grammar of addresses, which no notebook needs, is built whenever it is imported:
    # with it, nbformat takes a second in place of a seventh.
    sys.modules["rfc3987_syntax"] = None
    import nbformat
    from nbclient import NotebookClient

    printed = 0

    class Counted(NotebookClient):
        def process_message(self, message, cell, cell_index):
            nonlocal printed
            printed += len(json.dumps(message["content"], default=str))
            if printed > MOST_OUTPUT:
                _finish(made, TOO_MUCH)
            return super().process_message(message, cell, cell_index)

    notebook = nbformat.reads(json.dumps(notebook), as_version=4)
    client = Counted(
        notebook,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": folder}},
    )
    asyncio.run(client.async_execute())
    return notebook


def _finish(made, result):
    """Write a result, whole or not at all, and end: the rest is stopped outside."""
    unfinished = Path(f"{made}.unfinished")
    unfinished.write_text(json.dumps(result), encoding="utf-8")
    unfinished.replace(made)
    os._exit(0)


def main(given, made, folder):
    """Do what the process is started for: read, run, write the result."""
    _limit()
    adopt_orphans(True)
    try:
        notebook = json.loads(Path(given).read_text(encoding="utf-8"))
        result = _execute(notebook, folder, made)
    except Exception as error:  # a stranger's notebook can fail in any way
        reason = str(error).splitlines()[0][:80] if str(error) else ""
        result = f"{type(error).__name__}: {reason}"
    _finish(made, result)


if __name__ == "__main__":
    main(*sys.argv[1:])
