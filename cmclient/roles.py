"""Locate servers of other roles than the management point of a Windows client."""

import logging
from collections.abc import Callable, Mapping

from .config import ClientConfig
from .device_points import DeviceTools, locate_device_point
from .enrollment import EnrollmentTools, locate_enrollment_proxy
from .migration_points import locate_migration_point
from .model.groups import SiteData
from .model.http import Deadline
from .model.roles import RoleLocation, SiteRole
from .role_tools import RoleTools
from .status_points import locate_status_point
from .update_points import locate_update_point
from .world import World

__all__ = ["RoleLocator"]

_log = logging.getLogger(__name__)


class RoleLocator:
    """Locates servers of a role as a client would, and says why these."""

    def __init__(
        self, config: ClientConfig, world: World, *, offline: bool = False, data: SiteData | None = None
    ) -> None:
        """Put a locator together from its ports; ``cmclient.assemble`` does it from settings alone.

        Args:
            config: The settings.
            world: The ports.
            offline: Ask nobody.
            data: What the site knows of boundaries and servers; None where nobody says it.
        """
        self._tools = RoleTools(config, world, data=data, offline=offline)

    def locate(self, role: SiteRole) -> RoleLocation:
        """Locate a server of a role.

        Returns:
            Every server that was named, judged, and everything that led there. What failed is in it.

        Raises:
            FactsError: The machine could not be asked at all.
            ConfigError: The role is for devices, and the client is none.
            InvalidValueError: A boundary of the data cannot be of its kind.
        """
        ways: Mapping[SiteRole, Callable[[RoleTools, Deadline], RoleLocation]] = {
            SiteRole.SOFTWARE_UPDATE_POINT: locate_update_point,
            SiteRole.STATE_MIGRATION_POINT: locate_migration_point,
            SiteRole.FALLBACK_STATUS_POINT: locate_status_point,
            SiteRole.DEVICE_MANAGEMENT_POINT: _locate_device_point,
            SiteRole.ENROLLMENT_PROXY_POINT: _locate_enrollment_proxy,
        }
        clock = self._tools.world.clock
        found = ways[role](self._tools, Deadline.after(self._tools.config.deadline, clock.monotonic))
        _log.info("%s: %s", role.title, found.outcome.value, extra={"event": "role.located"})
        return found._replace(time=clock.now().isoformat(timespec="seconds"))


def _locate_device_point(tools: RoleTools, deadline: Deadline) -> RoleLocation:
    world, kept = tools.world, tools.load_assignment()
    device = DeviceTools(tools.config, tools.sources, tools.client, world.clock, world.chooser, kept, tools.data)
    facts = tools.read_facts(deadline)
    return locate_device_point(device, facts, deadline, certificate=world.certificate, offline=tools.offline)


def _locate_enrollment_proxy(tools: RoleTools, deadline: Deadline) -> RoleLocation:
    world = tools.world
    enrollment = EnrollmentTools(tools.config, world.transport, world.names, world.clock, world.chooser)
    return locate_enrollment_proxy(enrollment, tools.read_facts(deadline), deadline, offline=tools.offline)
