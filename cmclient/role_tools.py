"""What locating a server of any role works with, and what all of them want to know of the client and its site."""

from .config import ClientConfig
from .contacting import client_of
from .discover import Sources
from .errors import StoreError
from .gather import read_facts
from .locator import Locator
from .model.decision import Purpose, StoredAssignment
from .model.facts import NetworkFacts
from .model.groups import BoundaryGroup, SiteData
from .model.http import Deadline
from .model.names import SiteCode
from .rules.boundaries import BoundaryIndex
from .rules.places import find_place
from .rules.pools import current_groups
from .store_notes import note_store_error
from .world import World

__all__ = ["RoleTools"]


class RoleTools:
    """What the locating of every role shares.

    Attributes:
        config: The settings.
        world: The ports.
        data: What the site knows of boundaries and servers; None where nobody says it.
        offline: Whether nobody may be asked.
        sources: The directory and whoever else names servers.
        client: Asks management points.
    """

    def __init__(self, config: ClientConfig, world: World, *, data: SiteData | None, offline: bool) -> None:
        """Put it together; see the attributes."""
        self.config = config
        self.world = world
        self.data = data
        self.offline = offline
        self.sources = Sources(
            config, directory=world.directory, names=world.names, store=world.store, clock=world.clock
        )
        self.client = client_of(config, world.transport, world.clock)

    @property
    def locator(self) -> Locator:
        """Locates whom to send a location request to.

        It may go to any site's management point, and there must be time left when one is found.
        """
        config = self.config._replace(purpose=Purpose.LOCATION, deadline=self.config.deadline / 2)
        return Locator(config, **self.world._asdict())

    def read_facts(self, deadline: Deadline) -> NetworkFacts:
        """What is known of the client.

        Raises:
            FactsError: The machine could not be asked at all.
        """
        return read_facts(self.config, self.world, deadline, offline=self.offline)[0]

    def load_assignment(self) -> StoredAssignment | None:
        """What is kept of the client's assignment; None for nothing, and for a store that cannot be read."""
        try:
            return self.world.store.load_assignment()
        except StoreError as error:
            note_store_error(error)
            return None

    def site_of(self, facts: NetworkFacts) -> SiteCode | None:
        """The assigned site: of the settings, of an installed client, else of the store."""
        known = self.config.site_code or facts.assigned_site
        if known is not None:
            return known
        kept = self.load_assignment()
        return kept and kept.site

    def groups_of(self, facts: NetworkFacts) -> tuple[BoundaryGroup, ...]:
        """The boundary groups that the client is in, as far as there is data.

        Raises:
            InvalidValueError: A boundary of the data cannot be of its kind.
        """
        if self.data is None:
            return ()
        return current_groups(self.data, BoundaryIndex(self.data.boundaries).find(find_place(facts)))

    def default_groups(self, site: SiteCode | None) -> tuple[BoundaryGroup, ...]:
        """The default group of a site, which serves a client that is in no group."""
        groups = () if self.data is None else self.data.groups
        return tuple(group for group in groups if site is not None and group.default_of == site)

    def build_of(self, site: SiteCode | None) -> int:
        """Build of the site's version; of a site that nobody describes that of the client."""
        sites = () if self.data is None else self.data.sites
        return next((one.build for one in sites if one.code == site and one.build), self.config.client_build)
