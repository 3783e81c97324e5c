"""Seeds of all that is drawn at random, so that every run can be had again."""

import numpy as np


def noise_seeds(seed, number):
    """Make the pair of seeds that a stateless draw wants.

    Parameters
    ----------
    seed : int
        Of the run or the drawing, up to 2**32 - 1.
    number : int
        Tells the draws from one seed apart, such as the step.

    Returns
    -------
    ndarray, int32 [2]
    """
    return np.array([int(seed) % 2**32, number], np.uint32).view(np.int32)
