"""Libraries of the pages come from npm whole, or not at all."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "vendor_libraries.py"
FILES = {"package/dist/pen.js": b"draw()", "package/LICENSE.md": b"Anybody may."}


@pytest.fixture
def registry(tmp_path):
    """Serve one package, @ink/pen 1.2.0, as npm does."""
    folder = tmp_path / "registry"
    (folder / "@ink/pen").mkdir(parents=True)
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in FILES.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    (folder / "pen.tgz").write_bytes(held.getvalue())
    digest = base64.b64encode(hashlib.sha512(held.getvalue()).digest()).decode()
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        server.address = f"http://localhost:{server.server_port}"
        server.integrity = f"sha512-{digest}"
        dist = {"tarball": f"{server.address}/pen.tgz", "integrity": server.integrity}
        (folder / "@ink/pen/1.2.0").write_text(json.dumps({"dist": dist}))
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def vendor(registry, folder, **more):
    files = {"pen.min.js": "dist/pen.js"}
    about = {"package": "@ink/pen", "version": "1.2.0", "files": files, **more}
    (folder / "versions.json").write_text(json.dumps({"pen": about}))
    return subprocess.run(
        [sys.executable, SCRIPT, folder / "versions.json"],
        env={**os.environ, "NPM_REGISTRY": registry.address},
        capture_output=True,
        text=True,
    )


def test_a_library_comes_with_its_licence_and_its_hash_is_kept(registry, tmp_path):
    assert vendor(registry, tmp_path).returncode == 0
    assert (tmp_path / "pen.min.js").read_bytes() == FILES["package/dist/pen.js"]
    assert (tmp_path / "pen.LICENSE").read_bytes() == FILES["package/LICENSE.md"]
    kept = json.loads((tmp_path / "versions.json").read_text())["pen"]
    assert kept["integrity"] == registry.integrity
    assert vendor(registry, tmp_path, **kept).returncode == 0


def test_an_archive_of_another_hash_is_not_written(registry, tmp_path):
    said = vendor(registry, tmp_path, integrity="sha512-other")
    assert said.returncode == 1
    assert f"got {registry.integrity}, expected sha512-other" in said.stderr
    assert not (tmp_path / "pen.min.js").exists()
