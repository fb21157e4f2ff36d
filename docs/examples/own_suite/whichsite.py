"""A tool of one's own, as small as can be: prints site and management point for a script, as two lines of a shell."""

import sys

import cmclient


def main() -> int:
    """Print, and end with 0; or say why not, and end with 1."""
    try:
        location = cmclient.locate()
    except cmclient.CmClientError as error:
        print(f"whichsite: {error.message}", file=sys.stderr)
        return 1
    print(f"SITE={location.decision.policy.assigned_site or ''}")
    print(f"MP={location.management_point.host}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
