"""What all figures share: their colours, and the last touches.

Colours are those of Okabe and Ito, told apart by colour-blind readers too.
"""

import matplotlib.pyplot as plt

# Colours of the lines and bars: six that all eyes can tell apart.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
INK = "#222222"
# The same model has the same colour in all figures; the first part that is found in
# a model's name counts.
MODELS = {
    "healthy": COLORS[0],
    "article": COLORS[3],
    "dictionar": COLORS[2],
    "vae": COLORS[1],
}


def color_of_model(name, otherwise=INK):
    """Colour of a model, a dictionary or a rival, whatever else its name says."""
    found = [color for part, color in MODELS.items() if part in name.lower()]
    return found[0] if found else otherwise


def finish(figure, axes=None, xlabel="", ylabel=""):
    """Label, tidy, and close, so that a notebook shows the figure once."""
    if axes is not None:
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    plt.close(figure)
    return figure
