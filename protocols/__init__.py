"""The protocols: each file is an experiment, from its question to its figures."""
