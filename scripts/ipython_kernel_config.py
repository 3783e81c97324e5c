"""Settings of the kernels that run the chapters, copied into .venv/etc/ipython."""

import gc
import os

c = get_config()  # noqa: F821

# TensorFlow writes its start-up lines to the file descriptor of stderr. Let them
# go to the terminal that started Jupyter, not onto the reader's page.
c.IPKernelApp.capture_fd_output = False

# TensorFlow makes half a million objects as it is loaded, and they stay. Python would
# look through them for cycles again and again: a second of four.
gc.set_threshold(100_000, 20, 20)

# As the package says it, for chapters that import TensorFlow first.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
