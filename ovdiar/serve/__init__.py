"""Diarization over HTTP, compatible with LocalAI's endpoint (extra ``serve``).

It is also an example of how to embed ovdiar in an application: `app` runs one shared bundle in
threads, and cancels the runs of clients that disconnect.
"""
