"""The schedule of a race: one, then two, then four; failures start the next at once; never more than the width."""

from cmclient.rules.race import Race, begin_race, note_failure, note_tick


def begin(count: int, width: int = 8) -> tuple[Race, int]:
    return begin_race(count, 0.0, stagger=0.1, width=width)


def test_good_first_one__exactly_one_is_started() -> None:
    race, started = begin(5)
    assert started == 1
    assert note_tick(race, 0.099) == (race, 0)


def test_silence__widens_at_each_tick() -> None:
    race, _ = begin(20)
    race, second = note_tick(race, 0.1)
    race, third = note_tick(race, 0.2)
    race, fourth = note_tick(race, 0.35)
    assert (second, third, fourth) == (2, 4, 1), "one, two, four, then the width of eight is full"


def test_failure__starts_the_next_at_once_and_leaves_the_tick() -> None:
    race, _ = begin(5)
    race, started = note_failure(race, 0.05)
    assert started == 1
    assert race.next_at == 0.1


def test_last_one__nothing_waits_and_no_tick_is_due() -> None:
    race, started = begin(1)
    assert (started, race.next_at) == (1, None)
    assert note_failure(race, 1.0)[1] == 0


def test_width_of_one__is_one_after_the_other() -> None:
    race, _ = begin(3, width=1)
    race, ticked = note_tick(race, 0.1)
    assert ticked == 0
    race, started = note_failure(race, 0.2)
    assert started == 1
