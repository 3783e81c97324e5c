"""Draw what the first page shows, and the book's sign: ``make cover``.

All of it is drawn from the trained weights: the picture in motion, the sign, and the
picture that is shown beside a link to the book.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vqvae_lesson import data, plots
from vqvae_lesson.runs.checkpoints import load_trained

JOURNEY = Path("book/images/journey.html")
SIGN = Path("_static/sign.svg")
PREVIEW = Path("_static/preview.png")
FONT = Path("_static/fonts/literata-latin-wght-normal.woff2")
# Held-out letters that are told apart at a glance; the fifth is lost on the way.
LETTERS = [132, 58, 74, 128, 25, 72]
SIGN_CODE = 47
PAPER, INK, SEAL = "#fcf9f2", "#26221c", "#b5400c"


def ways_of_letters():
    """Letters, their latents and numbers, and the picture of every code."""
    model, _ = load_trained("healthy")
    letters = data.load_kmnist().held_out_images[LETTERS]
    latents = np.asarray(model.encoder(letters))[:, 0]
    indices = np.asarray(model.represent(letters))[:, 0]
    pictures = np.asarray(model.decode(np.arange(64)[:, None]))
    return letters, latents, indices, pictures


def sign_of(picture):
    """Draw a code's picture as 64 dots on a seal, as an SVG of 100 by 100."""
    dark = Image.fromarray(np.uint8(255 * picture[2:26, 2:26, 0]))
    dots = np.asarray(dark.resize((8, 8), Image.Resampling.BOX)) / 255
    parts = [f'<rect width="100" height="100" rx="14" fill="{SEAL}"/>']
    for (row, column), ink in np.ndenumerate(dots / dots.max()):
        radius = max(0.9, 5.1 * ink**0.5) if ink > 0.25 else 0.9
        x, y = 12 + 10.857 * column, 12 + 10.857 * row
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{PAPER}"/>'
        )
    start = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
    return "\n".join([start, *parts, "</svg>\n"])


def preview_of(letters, indices, pictures):
    """Draw letters, their numbers and their pictures below the name of the book."""
    sheet = Image.new("RGB", (1200, 630), PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(FONT, 92)
    font.set_variation_by_axes([600])
    pen.text((84, 48), "Discrete Letters", font=font, fill=INK)
    font = ImageFont.truetype(FONT, 37)
    line = "A letter, one number, a picture: the VQ-VAE, made by you"
    pen.text((88, 172), line, font=font, fill=INK)
    number = ImageFont.truetype(FONT, 54)
    number.set_variation_by_axes([600])
    for place, (letter, index) in enumerate(zip(letters, indices, strict=True)):
        x = 84 + 176 * place
        for pixels, y in ((letter, 262), (pictures[index], 468)):
            size = (28 * 5 - 12,) * 2
            ink = Image.fromarray(np.uint8(255 * pixels[..., 0]))
            sheet.paste(INK, (x, y), ink.resize(size, Image.Resampling.BICUBIC))
        pen.text((x + 64, 428), str(index), font=number, fill=SEAL, anchor="mm")
    return sheet


def main():
    letters, latents, indices, pictures = ways_of_letters()
    JOURNEY.write_text(plots.journey(letters, latents, indices, pictures).html + "\n")
    SIGN.write_text(sign_of(pictures[SIGN_CODE]))
    preview_of(letters, indices, pictures).save(PREVIEW, optimize=True)


if __name__ == "__main__":
    main()
