"""The networks of the recipes in PyTorch, layer by layer as the package has them.

Where a convolution halves an image, Keras leaves out one row above and PyTorch one
below: with kernels turned by half a turn, a PyTorch network finds for a turned image
what the package's finds for the image, turned. ``tests/test_peers.py`` holds them to
that.
"""

from torch import nn


class Rows(nn.Module):
    """Read a map [B, D, H, W] row by row: latents [B, L, D]."""

    def forward(self, maps):
        """Give the latents of maps."""
        return maps.flatten(2).transpose(1, 2)


class Map(nn.Module):
    """Lay latents [B, L, D] out as a map [B, D, H, W]."""

    def __init__(self, rows, columns):
        super().__init__()
        self.shape = [rows, columns]

    def forward(self, latents):
        """Give the maps of latents."""
        return latents.transpose(1, 2).unflatten(2, self.shape)


def shrink(before, after, stride=1, size=5):
    """Convolve; the image keeps its size, or is halved."""
    return [nn.Conv2d(before, after, size, stride, size // 2), nn.ELU()]


def grow(before, after, stride=1, size=5):
    """Convolve the other way; the image keeps its size, or is doubled."""
    more = {"padding": size // 2, "output_padding": stride - 1}
    return [nn.ConvTranspose2d(before, after, size, stride, **more), nn.ELU()]


def article():
    """Build encoder and decoder of the article: one latent an image."""
    encoder = [
        *shrink(1, 32), *shrink(32, 32, 2), *shrink(32, 64), *shrink(64, 64, 2),
        nn.Conv2d(64, 4, 7), nn.ELU(), nn.Flatten(), nn.Linear(4, 16),
        nn.Unflatten(1, [1, 16]),
    ]  # fmt: skip
    decoder = [
        Map(1, 1), nn.ConvTranspose2d(16, 64, 7), nn.ELU(),
        *grow(64, 64), *grow(64, 64, 2), *grow(64, 32), *grow(32, 32, 2),
        *grow(32, 32), nn.Conv2d(32, 1, 5, padding=2),
    ]  # fmt: skip
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


def grid():
    """Build encoder and decoder of a grid of 7 x 7 codes."""
    encoder = [
        *shrink(1, 32), *shrink(32, 32, 2), *shrink(32, 64), *shrink(64, 64, 2),
        *shrink(64, 64, size=3), nn.Conv2d(64, 16, 1), Rows(),
    ]  # fmt: skip
    decoder = [
        Map(7, 7), *grow(16, 64, size=3), *grow(64, 64, 2), *grow(64, 64),
        *grow(64, 32, 2), *grow(32, 32), nn.Conv2d(32, 1, 5, padding=2),
    ]  # fmt: skip
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


NETWORKS = {"article": article, "grid": grid}
