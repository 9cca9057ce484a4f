"""Diarization over HTTP, in the shape that LocalAI uses (extra ``serve``).

Also an example of how to embed ovdiar in an application: `app` runs one shared bundle in threads,
and cancels what nobody waits for any more.
"""
