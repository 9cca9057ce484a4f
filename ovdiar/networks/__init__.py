"""Bundles and their networks: find, check, compile and run. The only importers of OpenVINO."""
