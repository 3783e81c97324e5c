"""Nearest codes: the package beside its peers.

``make bench`` runs it, from the environment that holds the peers. Memory is the
most that a fresh process held during its first three calls, less what it held
before them, with its inputs there already.
"""

import sys
from statistics import median

import numpy as np

from timing import Worker, interleaved, machine, ratio, serve

SIZES = [
    (latents, codes, size)
    for latents in (64, 6_272, 100_000)
    for codes in (64, 512, 1_024, 8_192)
    for size in (16, 64)
]
MEMORY_SIZES = [(6_272, 512, 64), (100_000, 8_192, 64)]
ROUNDS = 7
MOST_NUMBERS = 1e9  # float32 that a way may hold at once: 4 GB


def package(latents, codebook):
    """Take `nearest_code` as the package's training step compiles it."""
    import tensorflow as tf

    from vqvae_lesson.quantizer import nearest_code

    latents, codebook = tf.constant(latents), tf.constant(codebook)
    nearest = tf.function(nearest_code)
    return lambda: nearest(latents, codebook).numpy()


def article(latents, codebook):
    """As the article writes it: every difference, its norm, argmin; compiled."""
    import tensorflow as tf

    @tf.function
    def nearest(latents, codebook):
        differences = latents[:, None, :] - codebook[None, :, :]
        return tf.argmin(tf.norm(differences, axis=2), axis=1)

    if len(latents) * codebook.size > MOST_NUMBERS:
        return None
    latents, codebook = tf.constant(latents), tf.constant(codebook)
    return lambda: nearest(latents, codebook).numpy()


def scikit_learn(latents, codebook):
    from sklearn.metrics import pairwise_distances_argmin

    return lambda: pairwise_distances_argmin(latents, codebook)


def faiss(latents, codebook):
    import faiss

    index = faiss.IndexFlatL2(codebook.shape[1])
    index.add(codebook)
    return lambda: index.search(latents, 1)[1][:, 0]


def vector_quantize_pytorch(latents, codebook):
    """Take the library's layer, which looks the codes up, too."""
    import torch
    from vector_quantize_pytorch import VectorQuantize

    # Several arrays [N, K] at once, as the table of memory shows.
    if 3.5 * len(latents) * len(codebook) > MOST_NUMBERS:
        return None
    layer = VectorQuantize(dim=codebook.shape[1], codebook_size=len(codebook)).eval()
    layer._codebook.embed.data.copy_(torch.from_numpy(codebook)[None])
    latents = torch.from_numpy(latents)[None]

    def nearest():
        with torch.no_grad():
            return layer(latents)[1][0].numpy()

    return nearest


WAYS = [package, article, scikit_learn, faiss, vector_quantize_pytorch]


def main():
    print(machine("tensorflow", "scikit-learn", "faiss-cpu", "torch"))
    print(f"nearest codes: median ms of {ROUNDS} rounds")
    workers = {way.__name__: Worker(way.__name__) for way in WAYS}
    print("| N | K | D |", " | ".join(workers), "| package / fastest peer |")
    print("|---" * (len(workers) + 4) + "|")
    for sizes in SIZES:
        ready = {
            name: worker for name, worker in workers.items() if worker.prepare(*sizes)
        }
        print_row(sizes, list(workers), interleaved(ready, ROUNDS))
    for worker in workers.values():
        worker.close()
    print("\nmost MB held beyond the inputs")
    for sizes in MEMORY_SIZES:
        print("N = {:,}, K = {:,}, D = {}".format(*sizes))
        for way in WAYS:
            print(f"  {way.__name__}: {most_memory(way.__name__, sizes)}", flush=True)


def print_row(sizes, names, seconds):
    """Print one line of the table, and the package's place in it."""
    own, *peers = seconds.values()
    cells = [f"{size:,}" for size in sizes]
    cells += [
        f"{1e3 * median(seconds[name]):.2f}" if name in seconds else "-"
        for name in names
    ]
    cells.append(f"{max(ratio(own, peer) for peer in peers):.2f}")
    print("|", " | ".join(cells), "|", flush=True)


def most_memory(name, sizes):
    """Megabytes that three calls in a fresh process need."""
    worker = Worker(name)
    ready = worker.prepare(*sizes)
    megabytes = f"{worker.go(calls=3)['megabytes']:.0f}" if ready else "-"
    worker.close()
    return megabytes


def prepare(way):
    """Give a way its latents and codes, the same for all, and a check."""

    def with_sizes(count, num_codes, code_size):
        random = np.random.default_rng(0)
        latents, codebook = (
            random.normal(size=[rows, code_size]).astype(np.float32)
            for rows in (count, num_codes)
        )
        differences = np.float64(latents[:4, None]) - np.float64(codebook)
        expected = (differences**2).sum(-1).argmin(-1)

        def check(found):
            np.testing.assert_array_equal(found[:4], expected)

        nearest = way(latents, codebook)
        return nearest and (nearest, check)

    return with_sizes


if __name__ == "__main__":
    serve(prepare(globals()[sys.argv[1]])) if sys.argv[1:] else main()
