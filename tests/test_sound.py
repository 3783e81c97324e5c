"""Sound: filters and frames against closed forms in float64, and what is refused."""

import wave

import numpy as np
import pytest
from scipy.signal import stft

from vqvae_lesson.errors import LessonError
from vqvae_lesson.sound import (
    FFT,
    FLOOR,
    HIGHEST,
    HOP,
    LOWEST,
    MELS,
    RATE,
    WINDOW,
    griffin_lim,
    linear_power,
    log_mel,
    mel_filters,
    read_wav,
    spectra,
    to_mel,
    to_sound,
    wav_bytes,
)


def hiss(count=8_000, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, count).astype(np.float32)


def tone(hertz, count=8_000, size=1.0):
    return (size * np.sin(2 * np.pi * hertz * np.arange(count) / RATE)).astype("f4")


def test_a_thousand_hertz_are_a_thousand_mel():
    assert to_mel(1_000) == pytest.approx(1_000, abs=0.1)
    assert to_mel(0) == 0


def test_filters_are_triangles_that_are_even_in_mel():
    edges = np.linspace(to_mel(LOWEST), to_mel(HIGHEST), MELS + 2)
    heights = to_mel(np.arange(FFT // 2 + 1) * RATE / FFT)
    expected = np.stack(
        [np.interp(heights, edges[at : at + 3], [0, 1, 0]) for at in range(MELS)],
        axis=1,
    )
    expected[0] = 0  # TensorFlow leaves out what does not swing at all
    np.testing.assert_allclose(mel_filters(), expected, atol=2e-4)


def test_every_filter_hears_something_and_between_the_outer_tops_nothing_is_lost():
    filters = mel_filters()
    assert (filters.max(axis=0) > 0.3).all()
    tops = filters.argmax(axis=0)
    np.testing.assert_allclose(
        filters[tops[0] + 1 : tops[-1]].sum(axis=1), 1, atol=1e-3
    )


def test_frames_are_those_of_scipy():
    samples = hiss()
    _, _, expected = stft(
        np.float64(samples),
        window=np.hanning(WINDOW + 1)[:-1],
        nperseg=WINDOW,
        noverlap=WINDOW - HOP,
        nfft=FFT,
        boundary=None,
        padded=False,
    )
    found = spectra(samples).numpy() / (WINDOW / 2)  # SciPy divides by the window's sum
    assert found.shape == (1 + (len(samples) - WINDOW) // HOP, FFT // 2 + 1)
    np.testing.assert_allclose(np.abs(found), np.abs(expected.T), atol=1e-6)


def test_decibels_are_ten_times_the_logarithm_of_the_power_that_filters_hear():
    samples = hiss(1_000)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    frame = np.float64(samples[HOP : HOP + WINDOW]) * window
    angles = 2j * np.pi * np.outer(np.arange(FFT // 2 + 1), np.arange(WINDOW)) / FFT
    power = np.abs(np.exp(-angles) @ frame) ** 2 / (WINDOW / 4) ** 2
    expected = 10 * np.log10(power @ np.float64(mel_filters()))
    np.testing.assert_allclose(log_mel(samples)[1], expected, atol=1e-3)


@pytest.mark.parametrize("hertz", [200, 1_000, 3_000, 6_000])
def test_a_tone_is_loudest_in_the_filter_around_it(hertz):
    heard = log_mel(tone(hertz)).mean(axis=0)
    edges = np.linspace(to_mel(LOWEST), to_mel(HIGHEST), MELS + 2)
    nearest = np.abs(edges[1:-1] - to_mel(hertz)).argmin()
    assert abs(heard.argmax() - nearest) <= (2 if hertz < 500 else 1)


def test_ten_times_softer_is_twenty_decibels_less_until_the_floor():
    loud, soft = log_mel(tone(1_000)), log_mel(tone(1_000, size=0.1))
    kept = soft > FLOOR
    np.testing.assert_allclose((loud - soft)[kept], 20, atol=0.01)
    assert (log_mel(np.zeros(1_000, np.float32)) == FLOOR).all()


def test_power_comes_back_where_filters_can_tell():
    # What goes through the filters again is what they had heard.
    heard = log_mel(hiss())
    again = linear_power(heard) / (WINDOW / 4) ** 2 @ mel_filters()
    assert np.abs(10 * np.log10(again) - heard).max() < 6
    assert np.abs(10 * np.log10(again) - heard).mean() < 0.5


def test_griffin_lim_never_gets_worse_and_finds_what_has_the_spectrum():
    given = np.abs(spectra(tone(440) / 2 + tone(1_250) / 3))
    samples, errors = griffin_lim(given, rounds=80)
    assert (np.diff(errors) <= 1e-6).all()
    found = np.abs(spectra(samples).numpy())
    error = np.sum((found - given) ** 2) / np.sum(given**2)
    assert error < errors[0] / 5
    assert error < 0.02
    middle = samples[2_000:6_000]
    peaks = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert peaks.argmax() * RATE / len(middle) == pytest.approx(440, abs=4)


def test_one_round_is_griffin_and_lims_in_double_precision():
    given = np.abs(spectra(hiss(4_000))).astype(float)
    turns = np.random.default_rng(3).uniform(0, 2 * np.pi, given.shape)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)

    def nearest(frames):  # equation 6: windows once more, over their squares
        total = np.zeros(WINDOW + HOP * (len(frames) - 1))
        weight = np.zeros_like(total)
        for number, frame in enumerate(np.fft.irfft(frames, FFT)[:, :WINDOW]):
            at = slice(HOP * number, HOP * number + WINDOW)
            total[at] += frame * window
            weight[at] += window**2
        return total, weight

    def frames_of(samples):
        starts = HOP * np.arange(len(given))
        cut = np.stack([samples[at : at + WINDOW] * window for at in starts])
        return np.fft.rfft(cut, FFT)

    total, weight = nearest(given * np.exp(1j * turns))
    inner = slice(WINDOW, -WINDOW)
    samples, _ = griffin_lim(given, rounds=0, seed=3)
    expected = total[inner] / weight[inner]
    np.testing.assert_allclose(samples[inner], expected, atol=1e-4)
    first = np.zeros_like(total)
    first[:] = griffin_lim(given, rounds=0, seed=3)[0]
    found = frames_of(first)
    total, weight = nearest(given * found / np.abs(found))
    samples, errors = griffin_lim(given, rounds=1, seed=3)
    np.testing.assert_allclose(samples[inner], total[inner] / weight[inner], atol=1e-3)
    lost = np.sum((np.abs(found) - given) ** 2) / np.sum(given**2)
    assert errors == pytest.approx([lost], rel=1e-3)


def test_sound_made_of_frames_has_these_frames():
    samples = tone(300) / 4 + tone(2_000) / 5 + hiss() / 50
    heard = log_mel(samples)
    again = log_mel(to_sound(heard))
    loud = heard > -40
    assert np.abs(again - heard)[loud].mean() < 2.5


def write(path, samples=None, channels=1, width=2, rate=RATE):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(4_000) if samples is None else samples)
    return path


def test_a_recording_comes_back_as_it_was_written(tmp_path):
    samples = np.round(32_768 * hiss()) / 32_768
    path = tmp_path / "hiss.wav"
    path.write_bytes(wav_bytes(samples))
    np.testing.assert_array_equal(read_wav(path), samples)
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (1, 2, RATE, len(samples))


def test_full_scale_does_not_turn_round():
    written = np.frombuffer(wav_bytes(np.array([1.0, -1.0, 0.5]))[44:], "<i2")
    assert written.tolist() == [32_767, -32_768, 16_384]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"channels": 2}, "2 channels, expected 1: convert it"),
        ({"width": 1}, "8 bits, expected 16: convert it"),
        ({"width": 3}, "24 bits, expected 16: convert it"),
        ({"rate": 44_100}, "44,100 samples a second, expected 16,000: convert it"),
        ({"channels": 2, "rate": 8_000}, "2 channels, 8,000 samples a second"),
        ({"samples": b""}, r"shape \[0\], expected \[S\] with S at least 400"),
        ({"samples": bytes(200)}, r"shape \[100\], expected \[S\]"),
    ],
)
def test_another_recording_is_refused_in_a_line(tmp_path, changes, hint):
    path = write(tmp_path / "other.wav", **changes)
    with pytest.raises(LessonError, match=hint) as caught:
        read_wav(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3 no sound", bytes(1_000)])
def test_what_is_no_recording_is_refused_in_a_line(tmp_path, content):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    with pytest.raises(LessonError, match="is no sound that can be read") as caught:
        read_wav(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(LessonError, match="is no sound that can be read"):
        read_wav(tmp_path / "nowhere.wav")


@pytest.mark.parametrize(
    ("samples", "hint"),
    [
        (np.zeros([2, 800], np.float32), r"shape \[2, 800\], expected \[S\]"),
        (np.zeros(399, np.float32), r"shape \[399\]"),
        (np.zeros(800, np.int16), "samples are int16, expected floats"),
        (np.full(800, 1.5), "lie between 1.5 and 1.5"),
        (np.full(800, np.nan), "look for NaN"),
    ],
)
def test_what_is_no_row_of_samples_is_refused(samples, hint):
    with pytest.raises(LessonError, match=hint):
        log_mel(samples)
