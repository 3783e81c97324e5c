"""Self-checks of the exercises, one module a chapter.

A check takes the reader's function or value and answers in one line. It never
raises on a wrong answer.
"""
