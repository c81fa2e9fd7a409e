"""What comes from outside, damaged in every way that chance finds: files, notebooks, messages.

A target is a strategy of examples and a check, which fails where the product raises what it should
not, takes seconds, or takes memory out of proportion. The suite tries some examples of each; ``make
fuzz`` tries new ones for an hour.
"""
