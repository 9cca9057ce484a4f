"""The networks once more, in float64 NumPy from their formulas: what an exported graph is held to.

Nothing here knows the graphs, and nothing is fast beyond need. Signals are (channels, time),
sequences (time, features), images (channels, rows, columns); there is no batch.
"""
