"""Cuts the power of a running system, and checks that everything somebody was told is still true afterwards.

Needs root, for a disk of its own (`disk.py`) with a real ext4 on it.
"""

NAMESPACE = "POWERCUT_NAMESPACE"
"""Set for a process that has a mount namespace of its own."""
