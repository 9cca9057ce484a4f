"""Inputs that nobody would send on purpose, made by generators with seeds.

Each kind of input has a generator and a command for the full run, such as
``python -m robustness.audio --count 20000 --seed 0`` in ``tests/``; what is tested in CI is the
quick part. docs/robustness.md lists what was tried and found.
"""
