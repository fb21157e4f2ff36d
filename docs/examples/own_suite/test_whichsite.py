"""What a user of the tool relies on, shown against a site that works, fails and comes back."""

from conftest import Tool

from cmclient.lab import Lab


def test_tool__prints_site_and_management_point(lab: Lab, tool: Tool) -> None:
    done = tool()
    assert done.returncode == 0, done.stderr
    site, point = done.stdout.splitlines()
    assert site == "SITE=P01"
    assert point in {"MP=mp2.corp.contoso.test", "MP=mp5.partner.test"}  # equal by the rules; who answers first wins
    assert lab.journal.entries("MPLIST")  # the one that it names was asked


def test_tool__one_management_point_is_down__names_another(lab: Lab, tool: Tool) -> None:
    lab.set_fault("mp", "mp2", "refuse")
    assert "MP=mp5.partner.test" in tool().stdout


def test_tool__nobody_answers__says_so_and_prints_nothing_that_a_script_would_take(lab: Lab, tool: Tool) -> None:
    lab.set_fault("mp", None, "refuse")
    done = tool()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("whichsite: ")
