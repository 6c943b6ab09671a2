"""Ops of the part of a model that goes on learning: forward, backward and update, all in integers.

What learning changes is a value with storage STATE, not a constant. Parameters of channels are (1, 1, C),
filters (out_channels, taps, in_channels), taps row by row; in a batch their first axis has length 1.

A gradient is mantissas with an exponent (`numerics.gradients`), two values of a graph: the mantissas are
int16 of q_b bits, the exponent is int32 of shape (1, 1, 1). What a backward op computes is wide, int32, and
stands for itself times 2**(exponent + bias), `bias` known at compile time; `Normalise` makes mantissas of it.
"""
