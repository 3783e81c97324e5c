"""Settings of the kernels that run the chapters, copied into .venv/etc/ipython."""

c = get_config()  # noqa: F821

# TensorFlow writes its start-up lines to the file descriptor of stderr. Let them
# go to the terminal that started Jupyter, not onto the reader's page.
c.IPKernelApp.capture_fd_output = False
