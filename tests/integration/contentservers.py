"""Real web servers in the place of a distribution point: nginx with PROPFIND, and Apache with mod_dav."""

import os
from pathlib import Path

import trustme
from integration.daemons import AddressBlock, Daemon
from integration.nginx import main_page, temporary_folders

__all__ = ["PROGRAMS", "ContentFolder", "start_apache", "start_nginx"]

PROGRAMS = ("nginx", "apache2", "unshare", "setpriv", "timeout")
MODULES = (
    Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so"),
    Path("/usr/lib/apache2/modules/mod_dav_fs.so"),
)
_WRITTEN = 1_760_000_000  # long ago: Apache does not take a date for proof that is younger than a minute
HTTP, HTTPS = 8070, 8443


class ContentFolder:
    """A content on disk, below the folder that a distribution point has it in.

    Attributes:
        root: The root of the web server.
        path: Path of the content in its URLs.
        files: Its files.
    """

    def __init__(self, folder: Path, files: dict[str, bytes]) -> None:
        self.root = folder / "root"
        self.path = "/SMS_DP_SMSPKG$/ABC00001"
        self.files = files
        for name, data in files.items():
            path = self.root / self.path.lstrip("/") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (_WRITTEN, _WRITTEN))


def start_nginx(folder: Path, content: ContentFolder, block: AddressBlock, authority: trustme.CA, host: str) -> Daemon:
    """An nginx that lists folders by PROPFIND, over HTTP and HTTPS."""
    folder.mkdir()
    address = block.address(7, 1)
    authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "nginx.conf").write_text(
        f"""\
load_module {MODULES[0]};
{main_page(folder)}
http {{
    {temporary_folders(folder)}
    access_log {folder}/hits;
    server {{
        listen {address}:{HTTP};
        listen {address}:{HTTPS} ssl;
        ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
        root {content.root};
        dav_ext_methods PROPFIND OPTIONS;
    }}
}}
""",
        "ascii",
    )
    daemon = Daemon("nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "log"), log=folder / "log")
    daemon.await_port(address, HTTPS)
    return daemon


def start_apache(
    folder: Path, content: ContentFolder, block: AddressBlock, authority: trustme.CA, host: str, *, infinity: bool
) -> Daemon:
    """An Apache with mod_dav, over HTTP and HTTPS.

    Args:
        folder: Takes what it writes.
        content: What it serves.
        block: Addresses.
        authority: Signs its certificate.
        host: Its name.
        infinity: Whether it lists all folders at once; else one at a time.
    """
    folder.mkdir()
    address = block.address(7, 2)
    authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    names = ("mpm_event", "authz_core", "dav", "dav_fs", "ssl", "socache_shmcb")
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in names)
    (folder / "apache.conf").write_text(
        f"""\
{modules}
ServerName {host}
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/log
DefaultRuntimeDir {folder}
Listen {address}:{HTTP}
Listen {address}:{HTTPS}
DavLockDB {folder}/locks
DocumentRoot {content.root}
<Directory {content.root}>
    Dav On
    DavDepthInfinity {"on" if infinity else "off"}
    Require all granted
</Directory>
<VirtualHost {address}:{HTTPS}>
    SSLEngine on
    SSLCertificateFile {folder}/server.pem
    SSLCertificateKeyFile {folder}/server.pem
</VirtualHost>
""",
        "ascii",
    )
    daemon = Daemon("apache2", "-f", str(folder / "apache.conf"), "-DFOREGROUND", log=folder / "out")
    daemon.await_port(address, HTTPS)
    return daemon
