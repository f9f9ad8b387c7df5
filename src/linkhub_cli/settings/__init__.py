"""The settings: their definition, their sources and their texts. The only room that reads the environment.

A setting is declared once, in ``definition`` or in a backend, with its rule, default and documentation.
``linkhub config``, the example file and the reference page are generated from these declarations.
"""

from linkhub_cli.settings.definition import Consuming, Listener, Logs, Realtime, Settings, Shops, Storage
from linkhub_cli.settings.loading import Loaded, load_settings
from linkhub_cli.settings.sources import SettingFault, SettingsFaulty

__all__ = [
    "Consuming",
    "Listener",
    "Loaded",
    "Logs",
    "Realtime",
    "SettingFault",
    "Settings",
    "SettingsFaulty",
    "Shops",
    "Storage",
    "load_settings",
]
