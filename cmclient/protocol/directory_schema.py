"""Classes and attributes of Active Directory that tell of sites, as they are written there."""

__all__ = [
    "ASSIGNMENT",
    "BOUNDARIES",
    "CAPABILITIES",
    "DEFAULT_MP",
    "DEVICE_MP",
    "DIRECTION",
    "FOREST",
    "FOREST_TRANSITIVE",
    "HIGH",
    "HOSTS",
    "INBOUND",
    "LOW",
    "MP_CLASS",
    "OUTBOUND",
    "PARTNER",
    "RANGE_CLASS",
    "SITE_CLASS",
    "SITE_CODE",
    "TRUST",
    "TRUST_CLASS",
    "VERSION",
]

MP_CLASS, SITE_CLASS, RANGE_CLASS = "mSSMSManagementPoint", "mSSMSSite", "mSSMSRoamingBoundaryRange"
TRUST_CLASS = "trustedDomain"
SITE_CODE, ASSIGNMENT, FOREST = "mSSMSSiteCode", "mSSMSAssignmentSiteCode", "mSSMSSourceForest"
HOSTS = ("dNSHostName", "mSSMSMPName", "mSSMSMPAddress")  # the first that holds a host name is the one
DEFAULT_MP, DEVICE_MP = "mSSMSDefaultMP", "mSSMSDeviceManagementPoint"
VERSION, CAPABILITIES = "mSSMSVersion", "mSSMSCapabilities"
BOUNDARIES = "mSSMSRoamingBoundaries"  # mSSMSSiteBoundaries is a leftover that nobody writes
LOW, HIGH = "mSSMSRangedIPLow", "mSSMSRangedIPHigh"
PARTNER, DIRECTION, TRUST = "trustPartner", "trustDirection", "trustAttributes"
INBOUND, OUTBOUND = 1, 2  # trustDirection: we are trusted, they are trusted; both add up
FOREST_TRANSITIVE = 8  # trustAttributes
