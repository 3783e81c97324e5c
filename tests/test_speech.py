"""The book's speech, and the model whose decoder is told who speaks."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from vqvae_lesson.data import load_letters
from vqvae_lesson.errors import LessonError
from vqvae_lesson.metrics import evaluate
from vqvae_lesson.recipes import SpeechRecipe, find_recipe
from vqvae_lesson.sound import FLOOR, HOP, MELS, WINDOW, log_mel
from vqvae_lesson.speech import (
    CLIPS,
    FASTER_SPEECH,
    FRAMES,
    PHONEMES,
    SPEECH,
    VOICES,
    build_speech_decoder,
    build_speech_encoder,
    code_sounds,
    frame_distribution,
    load_clips,
    load_faster,
    load_speech,
    spell_out,
    utterances,
)
from vqvae_lesson.training import Training

SHAPE = (1 + FRAMES, MELS, 1)
SMALL = find_recipe("speech", base_depth=4, neck_depth=4, num_codes=6)


@pytest.fixture(scope="module")
def speech():
    return load_speech()


def test_voices_held_out_say_nothing_that_is_trained_on(speech):
    heard = {name: set(part.voices.tolist()) for name, part in speech.items()}
    assert heard["train"] == heard["sequences"] == set(range(16))
    assert heard["voices"] == set(range(16, 24))
    assert [voice.held_out for voice in VOICES] == 16 * [False] + 8 * [True]
    assert len({voice.name for voice in VOICES}) == 24


def test_no_utterance_is_there_twice(speech):
    rows = np.concatenate([part.decibels for part in speech.values()])
    assert len({row.tobytes() for row in rows}) == len(rows) == 512


def test_frames_are_whole_decibels_and_every_phoneme_is_spoken(speech):
    for part in speech.values():
        assert (part.decibels == np.round(part.decibels)).all()
        assert part.decibels.min() == FLOOR
        assert part.decibels.max() <= 0
        assert set(np.unique(part.phonemes)) == set(range(len(PHONEMES)))
        assert part.phonemes.shape == part.decibels.shape[:2]


def test_only_the_orders_of_the_ten_names_are_spoken(speech):
    after = {"k": "i", "s": "u", "ts": "u", "n": "a", "h": "a", "m": "a"}
    after |= {"y": "a", "r": "e"}
    for row in np.concatenate([part.phonemes for part in speech.values()]):
        said = [PHONEMES[one] for one in row[np.flatnonzero(np.diff(row, prepend=-1))]]
        for one, other in pairwise(said):
            assert after.get(one, other) == other


def test_the_speech_is_a_small_file():
    assert SPEECH.stat().st_size < 2e6


def test_clips_sound_as_their_frames_say(speech):
    clips = load_clips()
    assert len(clips) == len(CLIPS)
    for clip in clips:
        assert len(clip.samples) == WINDOW + HOP * (FRAMES - 1)
        part = speech[clip.part]
        assert VOICES[part.voices[clip.row]].name == clip.voice
        heard, kept = log_mel(clip.samples), part.decibels[clip.row]
        loud = kept > -60
        assert np.abs(heard - kept)[loud].max() < 1.5


def test_spoken_faster_the_same_names_follow_in_the_same_order(speech):
    slow, fast = speech["sequences"], load_faster()
    np.testing.assert_array_equal(slow.voices, fast.voices)
    counts = []
    for one, other in zip(slow.phonemes, fast.phonemes, strict=True):
        said, more = (
            row[np.flatnonzero(np.diff(row, prepend=-1))] for row in (one, other)
        )
        # The last is cut; the first may be over before the middle of a frame.
        inner, starts = said[1:-1].tolist(), range(3)
        assert inner in [more[k : k + len(inner)].tolist() for k in starts]
        counts.append([len(said), len(more)])
    said, more = np.sum(counts, axis=0)
    assert 1.3 < more / said < 1.4
    assert FASTER_SPEECH.stat().st_size < 4e5


def test_a_code_sounds_as_the_mean_of_all_voices_that_say_it():
    model = SMALL.build(SHAPE, seed=0)
    voices = model.decoder.get_layer("voices")
    voices.kernel.assign(np.random.default_rng(0).normal(size=[MELS, 16]))
    sounds = code_sounds(model)
    assert sounds.shape == (6, 2, MELS)
    for code in range(6):
        said = [model.decode(np.full([1, 64], code), [one]) for one in range(16)]
        frames = np.mean(said, axis=0)[0, 1:3, :, 0]  # two of 128 that are all alike
        np.testing.assert_allclose(80 * frames - 80, sounds[code], atol=1e-3)


def test_more_codes_than_fit_an_utterance_all_have_their_sound():
    model = replace(SMALL, num_codes=70).build(SHAPE, seed=0)
    sounds = code_sounds(model)
    assert sounds.shape == (70, 2, MELS)
    last = model.decode(np.full([1, 64], 69), [0])[0, 1:3, :, 0]
    np.testing.assert_allclose(80 * last - 80, sounds[69], atol=1e-3)


def test_codes_are_spelled_one_after_the_other_each_run_equally_long():
    sounds = np.random.default_rng(0).uniform(-70, 0, [9, 2, 5])
    codes = [4, 4, 4, 0, 8, 8, 4]
    decibels, begins = spell_out(codes, sounds, hold=3, rest=1)
    expected = []
    for code in (4, 0, 8, 4):
        expected += 3 * [sounds[code, 0]] + 3 * [sounds[code, 1]] + [np.full(5, -80)]
    np.testing.assert_array_equal(decibels, expected)
    np.testing.assert_allclose(begins, [0, 7 / 3, 14 / 3, 7, 14, 17.5, 21, 28])


def test_the_first_row_says_who_speaks_and_the_others_what_is_heard(speech):
    part = speech["sequences"]
    images = part.images
    assert images.shape == (96, *SHAPE)
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images[:, 0, :, 0].argmax(axis=1), part.voices)
    np.testing.assert_array_equal(images[:, 0].sum(axis=(1, 2)), 1)
    np.testing.assert_allclose(80 * images[:, 1:, :, 0] - 80, part.decibels, atol=1e-4)
    assert not utterances(part.decibels)[:, 0].any()
    assert not utterances(part.decibels[:2], [-1, 3])[0, 0].any()


def test_speech_loads_through_the_door_of_all_letters():
    letters = load_letters("speech")
    assert letters.train_images.shape == (320, *SHAPE)
    assert letters.held_out_images.shape == (96, *SHAPE)
    assert letters.class_names[letters.held_out_labels[0]] == "ja+f1"


@pytest.mark.parametrize("halvings", [1, 2, 3])
@pytest.mark.parametrize("frames", [128, 7])
def test_each_halving_leaves_half_the_latents(halvings, frames):
    shape = (1 + frames, MELS, 1)
    latents = build_speech_encoder(shape, halvings, 3, 2, 4)(np.zeros([5, *shape]))
    assert latents.shape == (5, -(-frames // 2**halvings), 3)
    decoder = build_speech_decoder(shape, halvings, 3, 2)
    assert decoder([latents, tf.zeros([5, MELS])]).shape == (5, frames, MELS)


def test_codes_do_not_depend_on_who_is_said_to_speak(speech):
    model = SMALL.build(SHAPE, seed=0)
    part = speech["sequences"]
    told = model.represent(part.images)
    np.testing.assert_array_equal(told, model.represent(utterances(part.decibels)))


def test_a_code_speaks_for_its_own_frames_alone():
    model = SMALL.build(SHAPE, seed=0)
    codes = np.zeros([1, 64], int)
    other = codes.copy()
    other[0, 10] = 5
    changed = model.decode(codes, [3]) != model.decode(other, [3])
    rows = np.flatnonzero(changed.numpy().any(axis=(0, 2, 3)))
    assert rows.tolist() == [21, 22]  # the first row says who speaks


def test_another_voice_says_the_same_codes_in_another_way():
    model = SMALL.build(SHAPE, seed=0)
    codes = np.arange(64)[None] % 6
    voices = model.decoder.get_layer("voices")
    voices.kernel.assign(np.random.default_rng(0).normal(size=[MELS, 16]))
    one, other, nobody = (model.decode(codes, voice) for voice in ([0], [5], None))
    assert one[0, 0, 0, 0] == other[0, 0, 5, 0] == 1
    assert not nobody[0, 0].numpy().any()
    assert np.abs(one - other)[:, 1:].max() > 0
    np.testing.assert_array_equal(nobody, model.decode(codes, [-1]))


def test_a_decoder_that_is_not_told_has_one_voice(speech):
    model = replace(SMALL, tell_voice=False).build(SHAPE, seed=0)
    images = speech["voices"].images[:4]
    before = model(images).logits
    images = utterances(speech["voices"].decibels[:4], [0, 1, 2, 3])
    np.testing.assert_array_equal(before, model(images).logits)


def test_nats_are_those_of_a_normal_distribution_in_decibels(speech):
    model = SMALL.build(SHAPE, seed=0)
    images = speech["sequences"].images[:3]
    nats, _ = model.measure(images)
    means = 80.0 * model(images).logits.numpy().astype(float)
    values = 80.0 * images[:, 1:, :, 0].astype(float)
    expected = -norm.logpdf(values, means, SMALL.spread).sum(axis=(1, 2))
    np.testing.assert_allclose(nats, expected, rtol=1e-4)


def test_density_of_a_whole_decibel_is_nearly_its_probability():
    values = np.arange(-60, 61, dtype=np.float32).reshape(-1, 1, 1)
    frames = frame_distribution(np.zeros([121, 1, 1], np.float32), 4.0)
    assert float(tf.reduce_sum(frames.prob(values))) == pytest.approx(1, abs=1e-4)
    edges = norm.cdf(values + 0.5, 0, 4) - norm.cdf(values - 0.5, 0, 4)
    near = np.abs(values.ravel()) < 12
    np.testing.assert_allclose(
        frames.prob(values)[near], edges.ravel()[near], rtol=0.03
    )


def test_a_short_training_lowers_the_cost_with_every_code_started_on_the_data(speech):
    recipe = replace(SMALL, warm_up_steps=20, base_depth=16)
    training = Training(recipe, SHAPE, seed=0)
    before = evaluate(training.model, speech["sequences"].images)
    for _ in training.steps(speech["train"].images, until=60):
        pass
    after = evaluate(training.model, speech["sequences"].images)
    assert after.nll < 0.7 * before.nll
    assert after.codes_in_use == 6


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"latent_size": 4}, "latent_size is 4, and speech's follows from frames"),
        ({"spread": 0.0}, "spread is 0.0, expected more than 0"),
        ({"warm_up_weight": -1.0}, "warm_up_weight is -1.0"),
    ],
)
def test_a_wrong_number_is_refused_at_once(changes, hint):
    with pytest.raises(LessonError, match=hint):
        SpeechRecipe(**changes)


def test_letters_are_no_speech_and_a_giant_model_is_refused():
    with pytest.raises(LessonError, match="expected frames of 40 filters: name speech"):
        SMALL.require_memory((28, 28, 1))
    SMALL.require_memory(SHAPE)
    with pytest.raises(LessonError, match="weights of this recipe would take"):
        replace(SMALL, base_depth=100_000).require_memory(SHAPE)
    with pytest.raises(LessonError, match="those of speech do not"):
        SMALL.require_one_code()
