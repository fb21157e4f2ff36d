"""The outside world, one thing per module, behind the protocols of ``ports``; only ``assemble`` imports them."""
