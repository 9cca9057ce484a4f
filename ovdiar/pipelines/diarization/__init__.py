"""Speaker diarization: the front end runs the networks, the back end clusters their outputs."""
