"""What a script without cmclient does to find a management point: DNS, the directory, the list. Nothing is checked."""

import ssl
import sys
import tomllib
from xml.etree import ElementTree as ET

import dns.resolver
import ldap3
import requests

DOMAIN = sys.argv[2]
with open(sys.argv[1], "rb") as file:  # noqa: PTH123 - as such scripts are
    settings = tomllib.load(file)
resolver = dns.resolver.Resolver(configure=False)
host, _, port = settings["dns_servers"][0].partition(":")
resolver.nameservers, resolver.port = [host], int(port)
resolver.resolve(f"_ldap._tcp.dc._msdcs.{DOMAIN}", "SRV")
catalog = resolver.resolve(f"_gc._tcp.{DOMAIN}", "SRV")[0]
address = resolver.resolve(catalog.target, "A")[0].to_text()
tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=settings["directory_ca_file"])
tls.valid_names = [str(catalog.target).rstrip(".")]
server = ldap3.Server(address, catalog.port, tls=tls, get_info=ldap3.NONE)
directory = ldap3.Connection(server, settings["directory_user"], settings["directory_password"])
directory.open()
directory.start_tls()
directory.bind()
found = []
for name in ("mSSMSManagementPoint", "mSSMSSite", "mSSMSRoamingBoundaryRange", "trustedDomain"):
    entries = directory.extend.standard.paged_search(
        "", f"(objectClass={name})", ldap3.SUBTREE, attributes=["*"], paged_size=500, generator=False
    )
    found += [entry for entry in entries if entry["type"] == "searchResEntry"]
point = next(entry["attributes"] for entry in found if "mSSMSManagementPoint" in entry["attributes"]["objectClass"])
mp = point["mSSMSMPName"]
mp = mp[0] if isinstance(mp, list) else mp
if "." not in mp:
    mp = point["dNSHostName"][0] if isinstance(point["dNSHostName"], list) else point["dNSHostName"]
address = resolver.resolve(mp, "A")[0].to_text()
web = requests.Session()
for what in ("mplist", f"mplist1&{settings['site_code']}"):
    reply = web.get(f"http://{address}:{settings['http_port']}/sms_mp/.sms_aut?{what}", timeout=15)
    reply.raise_for_status()
    names = [element.get("Name") for element in ET.fromstring(reply.content).iter("MP")]
print(mp, names)
