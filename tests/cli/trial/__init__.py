"""Tests of the checks and events of ``linkhub trial``."""
