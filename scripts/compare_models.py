"""Measure all models of three seeds on one scale: ``make compare``.

Trains what is not trained yet. Writes ``vqvae_lesson/records/comparison.json``.
"""

from train_records import RUNS, train
from vqvae_lesson.comparison import COMPARED, compare
from vqvae_lesson.data import load_kmnist
from vqvae_lesson.health import RECORDS
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import write_json

if __name__ == "__main__":
    letters, found = load_kmnist(), {}
    for names in COMPARED.values():
        for name in names:
            train(name)
            model, _ = load_trained(RUNS / name)
            nats = compare(model, letters).items()
            found[name] = {
                version: {
                    part: round(value, 3) for part, value in cost._asdict().items()
                }
                for version, cost in nats
            }
            print(name, found[name], flush=True)
    write_json(RECORDS / "comparison.json", found)
