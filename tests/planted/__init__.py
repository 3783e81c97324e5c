"""Answers planted into the checks, one module a chapter."""
