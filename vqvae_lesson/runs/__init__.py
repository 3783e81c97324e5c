"""What serves a training run: its folder, checkpoints, manifests and files."""
