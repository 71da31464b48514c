"""The page of `jiqun app`: levers by sliders, an estimate at once, then the real pairs of runs.

It answers on the loopback address alone and loads nothing from elsewhere. What a question, an
effect and a cost are is decided where `jiqun ask` and the report have them.
"""
