"""Configuration of the documentation build."""

project = "cmclient"
author = "The cmclient developers"
extensions = ["myst_parser"]
html_theme = "furo"
exclude_patterns = ["settings.md"]
myst_heading_anchors = 3
