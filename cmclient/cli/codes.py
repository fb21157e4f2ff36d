"""Exit codes, and which error gives which."""

from .. import errors

__all__ = [
    "DONE",
    "FAILED",
    "FINDINGS",
    "INTERRUPTED",
    "MESSAGES_LEFT",
    "NONE_ELIGIBLE",
    "NONE_FOUND",
    "NONE_REACHABLE",
    "NOT_OBTAINED",
    "OUR_BUG",
    "TRUST_REFUSED",
    "USAGE",
    "code_of",
]

DONE = 0
FAILED = 1
USAGE = 2
NONE_FOUND = 3
NONE_ELIGIBLE = 4
NONE_REACHABLE = 5
TRUST_REFUSED = 6
NOT_OBTAINED = 7
MESSAGES_LEFT = 8
FINDINGS = 9
OUR_BUG = 70
INTERRUPTED = 130

# Most specific first.
_CODES: tuple[tuple[type[errors.CmClientError], int], ...] = (
    (errors.TrustRefusedError, TRUST_REFUSED),
    (errors.NoReachableManagementPointError, NONE_REACHABLE),
    (errors.NoEligibleManagementPointError, NONE_ELIGIBLE),
    (errors.NoManagementPointFoundError, NONE_FOUND),
    (errors.ContentNotObtainedError, NOT_OBTAINED),
    (errors.DownloadError, NOT_OBTAINED),
    (errors.ConfigError, USAGE),
    (errors.InvalidValueError, USAGE),
    (errors.ReplayError, USAGE),
)


def code_of(error: errors.CmClientError) -> int:
    """The exit code for an error of ours."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)
