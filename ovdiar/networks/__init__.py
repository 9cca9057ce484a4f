"""Bundles and their networks: find, check, compile and run them. The only importers of OpenVINO."""
