"""How management points are contacted by the settings: how patiently, how many at a time, on which ports."""

from .config import ClientConfig
from .model.settings import ContactMode
from .mpclient import AlternativePorts, AttemptLimits, ManagementPointClient
from .ports import Clock, Transport

__all__ = ["client_of"]


def client_of(config: ClientConfig, transport: Transport, clock: Clock) -> ManagementPointClient:
    """A client of management points as the settings want it."""
    limits = AttemptLimits(
        connect_timeout=config.connect_timeout,
        attempt_timeout=config.attempt_timeout,
        stagger=config.race_stagger,
        width=1 if config.contact is ContactMode.SEQUENTIAL else config.race_width,
    )
    alternatives = AlternativePorts(config.http_port_alternative, config.https_port_alternative)
    return ManagementPointClient(transport, clock, limits, alternatives=alternatives)
