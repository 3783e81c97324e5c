"""A large .npz that takes next to no place on the disk: most of it is a hole."""

import io
import zipfile

import numpy as np

ZEROS = bytes(2**22)


class Sparse(io.FileIO):
    """A file that leaves a hole where it is told to write `ZEROS`."""

    def write(self, content):
        if content is ZEROS:
            self.seek(len(content), io.SEEK_CUR)
            return len(content)
        return super().write(content)


def write_sparse(path, images, gigabytes):
    """Write an .npz that begins with images, uint8, and goes on with black ones."""
    count, shape = int(gigabytes * 1e9) // images[0].size, images.shape[1:]
    told = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    left = count * images[0].size - images.nbytes
    with (
        Sparse(path, "w+") as file,
        zipfile.ZipFile(file, "w") as archive,
        archive.open("images.npy", "w", force_zip64=True) as member,
    ):
        np.lib.format.write_array_header_1_0(member, told)
        member.write(images.tobytes())
        for _ in range(left // len(ZEROS)):
            member.write(ZEROS)
        member.write(bytes(left % len(ZEROS)))
    return count
