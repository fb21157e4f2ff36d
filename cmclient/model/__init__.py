"""Frozen values and enums that flow between the layers. Nothing here decides or does anything."""
