"""What serves a reader: exercises, their checks, and printed sources."""
