"""Everything that a workflow that looks for something needs from the world, as one value."""

from typing import TYPE_CHECKING, NamedTuple

from .ports import (
    Clock,
    DirectoryService,
    DomainControllerPing,
    FactsSource,
    NameService,
    Store,
    Transport,
    WinsService,
)
from .rules.choose import SeededChooser

if TYPE_CHECKING:
    from .model.certificates import ClientCertificate

__all__ = ["World"]


class World(NamedTuple):
    """The ports of a workflow.

    Attributes:
        facts: This machine, or facts given in its place.
        directory: Active Directory.
        controllers: The ping that finds forest and AD site.
        names: DNS.
        transport: HTTP.
        store: What is kept between runs.
        clock: The time.
        chooser: Chance.
        certificate: The client certificate, if there is one.
        wins: WINS; None where no program brought a look-up.
    """

    facts: FactsSource
    directory: DirectoryService
    controllers: DomainControllerPing
    names: NameService
    transport: Transport
    store: Store
    clock: Clock
    chooser: SeededChooser
    certificate: "ClientCertificate | None" = None
    wins: WinsService | None = None
