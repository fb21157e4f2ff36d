"""Every setting there is: its name, what it takes, its default, what it means.

The table drives the configuration files, the ``CMCLIENT_*`` variables, the options, the documents and
``config show``. A value from a file, a variable, an option or a program passes the same parser: it takes the final
type, the TOML types and text.
"""

from .setting import Setting
from .settings_client import CLIENT_SETTINGS
from .settings_other import OTHER_SETTINGS
from .settings_sources import SOURCE_SETTINGS

__all__ = ["SETTINGS", "Setting"]

SETTINGS: tuple[Setting, ...] = (*CLIENT_SETTINGS, *SOURCE_SETTINGS, *OTHER_SETTINGS)
"""All of them, in the order in which they are shown."""
