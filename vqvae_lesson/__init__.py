"""The functions that the book *Discrete Letters* explains, one module a chapter.

Importing the package is cheap: TensorFlow is loaded by the modules that use it.
"""

import os

# TensorFlow reads this once, when it is first imported: only its errors are
# worth a line on a reader's page.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without being told so, TensorFlow uses oneDNN only on processors with instructions
# for neural networks (AVX512_VNNI and later). On one with AVX2 alone, three hundred
# steps of the small networks took twice as long without it.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"
