"""Ask what the codes of speech know of phonemes, at three seeds: ``make phonemes``.

The first seed is the recipe's own, whose weights are shipped; all others are trained
here. What stands in the record already is not measured again.
"""

import numpy as np
from tqdm import tqdm

from vqvae_lesson.health import RECORDS
from vqvae_lesson.laboratory import SEEDS
from vqvae_lesson.metrics import choose, evaluate
from vqvae_lesson.phonemes import (
    agreement,
    best_map,
    boundaries,
    cepstra,
    cluster_codes,
    code_histograms,
    deal_within,
    match_boundaries,
    owners,
    phonemes_of_codes,
    random_boundaries,
    recognise_voices,
    stack_frames,
)
from vqvae_lesson.recipes import find_recipe
from vqvae_lesson.runs.checkpoints import load_trained
from vqvae_lesson.runs.files import read_json, write_json
from vqvae_lesson.sound import FLOOR, add_hiss, change_speed
from vqvae_lesson.speech import (
    PHONEMES,
    load_faster,
    load_speech,
    nearest_voices,
    utterances,
)
from vqvae_lesson.training import Training

RECORD = RECORDS / "phonemes.json"
PARTS = ("train", "sequences", "voices")
HISSES = (-50, -40, -30)  # decibels of a steady hiss in every filter
SPEEDS = (0.7, 1.4)


def rounded(found):
    """Keep as many digits as mean something."""
    return {name: round(float(value), 4) for name, value in found.items()}


def voice_in(rows, speech, count):
    """Let the judge guess who speaks, by how often each of `count` numbers is there."""
    seen, new = (code_histograms(part, count) for part in rows[:2])
    train, test = speech["train"].voices, speech["sequences"].voices
    return recognise_voices(seen, train, new, test)


def measure(codes, speech, num_codes, seed):
    """Measure codes of all three parts."""
    latent_size = codes[0].shape[1]
    spoken = [phonemes_of_codes(speech[part].phonemes, latent_size) for part in PARTS]
    meaning = best_map(codes[0], spoken[0], num_codes)
    found = {"codes_in_use": len(np.unique(codes[1]))}
    for part, chosen, phonemes in zip(PARTS[1:], codes[1:], spoken[1:], strict=True):
        for name, value in agreement(chosen, phonemes, meaning)._asdict().items():
            found[f"{part} {name}"] = value
    marks, true = boundaries(codes[1]), boundaries(spoken[1])
    for name, some in (("found", marks), ("random", random_boundaries(marks, seed))):
        for near in (0, 1):
            matched = match_boundaries(some, true, near)._asdict()
            for kind, value in matched.items():
                found[f"{name} {kind} within {near}"] = value
    found["boundaries"] = marks.mean()
    found["voice"] = voice_in(codes, speech, num_codes)
    dealt = [
        deal_within(*part, seed) for part in zip(codes[:2], spoken[:2], strict=True)
    ]
    found["voice dealt"] = voice_in(dealt, speech, num_codes)
    recall, precision = owners(codes[1], spoken[1], meaning, len(PHONEMES))
    found |= {f"recall {one}": part for one, part in zip(PHONEMES, recall, strict=True)}
    found |= {
        f"precision {one}": part for one, part in zip(PHONEMES, precision, strict=True)
    }
    return found, meaning


def trained(told, speech, seed):
    """Take the shipped model, or train one on the same utterances."""
    if told and seed == 0:
        return load_trained("speech")[0]
    recipe, images = find_recipe("speech", tell_voice=told), speech["train"].images
    training = Training(recipe, images.shape[1:], seed)
    steps = recipe.epochs * (len(images) // recipe.batch_size)
    for _ in tqdm(training.steps(images, steps), total=steps, unit="step"):
        pass
    return training.model


def decibels_off(model, images, voices=None):
    """Root of the mean squared error of what codes and a voice say."""
    error = model.decode(model.represent(images), voices).numpy() - images
    return -FLOOR * np.sqrt(np.mean(error[:, 1:] ** 2))


def measure_model(model, speech, seed):
    """Measure a trained model's codes, also of speech that is disturbed."""
    codes = [choose(model, speech[part].images) for part in PARTS]
    found, meaning = measure(codes, speech, model.num_codes, seed)
    part = speech["sequences"]
    found["nats"] = evaluate(model, part.images).nll
    found["error"] = decibels_off(model, part.images, part.voices)
    found["error of nobody"] = decibels_off(model, part.images)
    part = speech["voices"]
    found["error of nearest"] = decibels_off(
        model, part.images, nearest_voices(model, part.decibels)
    )
    found["error of nobody, voices"] = decibels_off(model, part.images)
    part, size = speech["sequences"], model.latent_size
    for hiss in HISSES:
        chosen = choose(model, utterances(add_hiss(part.decibels, hiss)))
        spoken = phonemes_of_codes(part.phonemes, size)
        found[f"hiss {hiss}"] = agreement(chosen, spoken, meaning).accuracy
    for speed in SPEEDS:
        frames, at = change_speed(part.decibels, speed)
        spoken = phonemes_of_codes(part.phonemes[:, at], size)
        chosen = choose(model, utterances(frames))
        found[f"speed {speed}"] = agreement(chosen, spoken, meaning).accuracy
    faster = load_faster()
    spoken = phonemes_of_codes(faster.phonemes, size)
    chosen = choose(model, utterances(faster.decibels))
    found["spoken faster"] = agreement(chosen, spoken, meaning).accuracy
    return rounded(found)


def less_voice(speech, part):
    """Take from frames their voice's mean: of training, or its own if held out."""
    one = speech[part]
    known = speech["train" if part == "sequences" else part]
    frames = one.decibels.astype(np.float32)
    for voice in np.unique(one.voices):
        mean = known.decibels[known.voices == voice].mean(axis=(0, 1))
        frames[one.voices == voice] -= mean
    return frames


def in_spreads(speech, part):
    """Write each of the cepstra in shares of its spread: else the slowest decide."""
    spreads = cepstra(speech["train"].decibels).std(axis=(0, 1))
    return cepstra(speech[part].decibels) / spreads


def measure_rival(name, num_codes, latent_size, speech, seed):
    """Measure codes without a network: the nearest of as many means."""
    describe = {
        "frames": lambda part: speech[part].decibels,
        "centred": lambda part: less_voice(speech, part),
        "cepstra": lambda part: in_spreads(speech, part),
    }[name]
    stacked = [stack_frames(describe(part), latent_size) for part in PARTS]
    codes = cluster_codes(stacked[0], stacked[1:], num_codes, seed)
    return rounded(measure(codes, speech, num_codes, seed)[0])


def measure_shuffled(model, speech, seed):
    """Measure a model's codes, dealt out anew."""
    random = np.random.default_rng(seed)
    codes = [choose(model, speech[part].images) for part in PARTS]
    dealt = [random.permutation(part.ravel()).reshape(part.shape) for part in codes]
    return rounded(measure(dealt, speech, model.num_codes, seed)[0])


def measure_all(name, speech, seed):
    """Measure one way to get codes."""
    if name in ("told", "untold"):
        return measure_model(trained(name == "told", speech, seed), speech, seed)
    model, _ = load_trained("speech")
    if name == "shuffled":
        return measure_shuffled(model, speech, seed)
    return measure_rival(name, model.num_codes, model.latent_size, speech, seed)


def measure_usual(speech):
    """Measure what needs no code: the usual phoneme, and each voice's own shares."""
    usual = np.bincount(speech["train"].phonemes.ravel()).argmax()
    found = {
        f"{part} accuracy": np.mean(speech[part].phonemes == usual)
        for part in PARTS[1:]
    }
    size = find_recipe("speech").latents_of(speech["train"].images.shape[1:])
    spoken = [phonemes_of_codes(speech[part].phonemes, size) for part in PARTS]
    found["voice"] = voice_in(spoken, speech, len(PHONEMES))
    return found


def main():
    speech = load_speech()
    table = read_json(RECORD) if RECORD.exists() else {}
    for seed in SEEDS:
        for name in ("told", "untold", "frames", "centred", "cepstra", "shuffled"):
            if str(seed) not in table.setdefault(name, {}):
                table[name][str(seed)] = measure_all(name, speech, seed)
                write_json(RECORD, table)
    table["usual"] = rounded(measure_usual(speech))
    write_json(RECORD, table)


if __name__ == "__main__":
    main()
