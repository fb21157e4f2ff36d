"""The part of the composition root that puts a doctor together from settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .assemble import Run, open_ports, store_path
from .assemble_rootkey import with_root_key
from .assemble_trust import has_system_store, select_own_certificate
from .config import ClientConfig
from .doctor import Doctor
from .doctor_probes import Instruments
from .model.certificates import ServerCertificate
from .model.content import ContentReference
from .model.endpoints import Endpoint

__all__ = ["open_doctor"]


@contextmanager
def open_doctor(
    config: ClientConfig, run: Run | None = None, *, content: ContentReference | None = None
) -> Iterator[Doctor]:
    """A doctor on the real world, closed at the end. Whatever the run says, nothing is written.

    Args:
        config: The settings.
        run: How this run differs from them; None when it does not.
        content: The content whose distribution points are asked; None for the client package.

    Raises:
        ConfigError: A file that a setting names cannot be read.
    """
    from .adapters.site_signatures import SiteSignatures
    from .adapters.store_health import look_at_store

    run = (run or Run())._replace(writes=False)
    with open_ports(config, run) as world:
        transport: Any = world.transport

        def seen(endpoint: Endpoint) -> ServerCertificate | None:
            found: ServerCertificate | None = transport.seen(endpoint)
            return found

        own = None
        if config.use_pki_cert and (config.client_certificate is not None or has_system_store()):
            computer = None if run.facts is None else run.facts.host
            own = select_own_certificate(config, computer=computer, now=world.clock.now())
        instruments = Instruments(
            store=lambda: look_at_store(store_path(config)),
            selection=None if own is None else own.selection,
            certificate_problem="" if own is None or own.selection.chosen is None else own.described.problem,
            seen=seen,
            verifier=SiteSignatures(),
        )
        yield Doctor(with_root_key(config), world, instruments, content=content, data=run.data)
