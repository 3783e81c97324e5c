"""Bring libraries for the pages from npm, as versions.json beside them names them.

Every archive is compared with the hash that stands in versions.json. For another
version write it there and take the hash out: it is then written from what npm says.
"""

import base64
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
REGISTRY = os.environ.get("NPM_REGISTRY", "https://registry.npmjs.org")


def read(address):
    with urlopen(address, timeout=60) as answer:
        return answer.read()


def fetch(package, version, integrity=None):
    """Return the files of a package, and the hash that its archive was checked with."""
    about = json.loads(read(f"{REGISTRY}/{package}/{version}"))["dist"]
    archive = read(about["tarball"])
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    expected = integrity or about["integrity"]
    if found != expected:
        sys.exit(f"{package} {version}: got {found}, expected {expected}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as held:
        files = [member for member in held if member.isfile()]
        return {file.name: held.extractfile(file).read() for file in files}, found


def vendor(listed):
    """Write the files that a list names, each library with its licence."""
    libraries = json.loads(listed.read_text())
    for name, about in libraries.items():
        integrity = about.get("integrity")
        files, found = fetch(about["package"], about["version"], integrity)
        about["integrity"] = found
        for here, there in about["files"].items():
            (listed.parent / here).write_bytes(files[f"package/{there}"])
        licence = next(file for file in files if file.startswith("package/LICENSE"))
        (listed.parent / f"{name}.LICENSE").write_bytes(files[licence])
        print(f"{name}: {about['package']} {about['version']}")
    listed.write_text(json.dumps(libraries, indent=2) + "\n")


def main():
    for listed in map(Path, sys.argv[1:]):
        vendor(listed)


if __name__ == "__main__":
    main()
