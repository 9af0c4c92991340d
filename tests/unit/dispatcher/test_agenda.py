"""The scheduler's memory, on a simulated clock: against a database that is always right."""

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from kaiwa.dispatcher.core.agenda import MANY, Agenda, Ask, Desk, Queue
from kaiwa.dispatcher.core.lanes import FLOORS, HUMAN, share

SHOP = Desk("shop", "text")
OTHER = Desk("other", "text")


class Town:
    """Queues of some desks, each with a bucket that gives ``rate`` slots a second and may run 0.25 s ahead."""

    def __init__(self, rates: dict[Desk, float], queued: dict[tuple[Desk, int], int]) -> None:
        self.rates, self.queued = rates, defaultdict(int, queued)
        self.tat: defaultdict[Desk, float] = defaultdict(float)
        self.credit: dict[Desk, dict[int, float]] = {}
        self.sent: Counter[tuple[Desk, int]] = Counter()
        self.agenda = Agenda()
        self.now = 0.0

    def look(self) -> None:
        self.agenda.note(
            Queue(desk, rank, min(count, MANY)) for (desk, rank), count in self.queued.items() if count
        )

    def turn(self, room: int) -> bool:
        asks = self.agenda.plan(room, room - room // 10, self.now)
        assert sum(ask.most for ask in asks if ask.rank == HUMAN) <= room
        for desk in dict.fromkeys(ask.desk for ask in asks):
            self._serve(desk, [ask for ask in asks if ask.desk == desk])
        return bool(asks)

    def _serve(self, desk: Desk, asks: list[Ask]) -> None:
        found = {ask.rank: min(ask.most, self.queued[desk, ask.rank]) for ask in asks}
        slots = 0
        while slots < sum(found.values()) and max(self.tat[desk], self.now) <= self.now + 0.25:
            self.tat[desk] = max(self.tat[desk], self.now) + 1 / self.rates[desk]
            slots += 1
        shares, self.credit[desk] = share(slots, found, self.credit.get(desk, {}))
        for ask in asks:
            claimed = shares.get(ask.rank, 0)
            self.queued[desk, ask.rank] -= claimed
            self.sent[desk, ask.rank] += claimed
            self.agenda.found(ask, found[ask.rank], claimed)
        opens = self.tat[desk] - 0.19
        if opens > self.now:
            no_to = {rank for rank, count in found.items() if count > shares.get(rank, 0)}
            self.agenda.full(desk, opens, given=slots, no_to=no_to)

    def run(self, seconds: float, *, room: int = 64, look_every: float = 0.5) -> None:
        """As the scheduler does: work while there is some, else sleep until something opens or a look is due."""
        end, look_at = self.now + seconds, self.now
        while self.now < end:
            if self.now >= look_at or self.agenda.unsure():
                self.look()
                look_at = self.now + look_every
            if self.turn(room):
                self.now += 0.002
            else:
                due = self.agenda.next()
                self.now = max(min(due if due is not None else look_at, look_at), self.now + 1e-4)


def test_a_busy_account_wastes_no_slot() -> None:
    town = Town({SHOP: 291}, {(SHOP, 2): 100_000})
    town.run(10)
    assert 291 * 10 <= town.sent[SHOP, 2] <= 291 * 10.3


def test_nobody_starves_behind_people_without_end() -> None:
    town = Town({SHOP: 100}, {(SHOP, rank): 100_000 for rank in (0, 1, 2)})
    town.run(20)
    total = sum(town.sent.values())
    assert total >= 100 * 19
    assert all(town.sent[SHOP, rank] >= FLOORS[rank] * total * 0.9 for rank in FLOORS)
    assert town.sent[SHOP, HUMAN] >= 0.7 * total


@settings(max_examples=60, deadline=None)
@given(
    queued=st.dictionaries(
        st.tuples(st.sampled_from([SHOP, OTHER, Desk("third", "media")]), st.integers(0, 2)),
        st.integers(1, 150),
    ),
    rate=st.sampled_from([2, 20, 300]),
    room=st.integers(10, 64),
)
def test_everything_is_sent_in_the_end(queued: dict[tuple[Desk, int], int], rate: int, room: int) -> None:
    """Without any look but the first and those that the agenda asks for, at nearly the buckets' own pace.

    Breaks when a queue is forgotten: while it rests, when its count was only "many", when its ring was full.
    """
    town = Town(defaultdict(lambda: float(rate)), queued)
    per_desk: Counter[Desk] = Counter()
    for (desk, _), count in queued.items():
        per_desk[desk] += count
    town.run(max(per_desk.values(), default=0) / rate * 1.1 + 3, room=room, look_every=1e9)
    assert {key: town.sent[key] for key in queued} == queued


def test_a_person_is_asked_for_at_once_though_the_bucket_is_full() -> None:
    """Breaks when people rest with the automated lanes: they may take over a slot."""
    agenda = Agenda()
    agenda.note([Queue(SHOP, 2, MANY)])
    (ask,) = agenda.plan(64, 58, 0.0)
    agenda.found(ask, ask.most, 15)
    agenda.full(SHOP, 0.2, given=15, no_to={2})
    assert agenda.plan(64, 58, 0.1) == []
    agenda.note([Queue(SHOP, HUMAN, 1)])
    assert agenda.plan(64, 58, 0.1) == [Ask(SHOP, HUMAN, 1)]
    assert agenda.next() == 0.2


def test_automated_messages_leave_room_for_people() -> None:
    agenda = Agenda()
    agenda.note([Queue(SHOP, 2, MANY), Queue(OTHER, HUMAN, 3)])
    asks = agenda.plan(10, 6, 0.0)
    assert asks == [Ask(OTHER, HUMAN, 3), Ask(SHOP, 2, 3)]


def test_a_desk_rests_where_nobody_waits_who_may_not_be_overtaken() -> None:
    """Broken by: looking at automated messages alone, or at people's: who comes would overtake the others; or by a person
    who waits for automation.
    """
    for waits in (HUMAN, *FLOORS):
        for comes in (HUMAN, *FLOORS):
            agenda = Agenda()
            agenda.note([Queue(SHOP, waits, 2)])
            assert agenda.rests(SHOP, comes) == (comes == HUMAN < waits)
            assert agenda.rests(OTHER, comes)
            agenda.found(Ask(SHOP, waits, 2), 2, 2)
            assert agenda.rests(SHOP, comes)


def test_what_a_person_was_given_says_little_of_what_a_bucket_has() -> None:
    """Broken by: asking it for hardly more than a single person has just got: a turn for every three messages."""
    agenda = Agenda()
    agenda.note([Queue(SHOP, 2, MANY)])
    agenda.full(SHOP, 0.1, given=18, no_to={2})
    agenda.full(SHOP, 0.1, given=1, no_to=())
    assert agenda.plan(64, 64, 0.2) == [Ask(SHOP, 2, 29)]
    agenda.full(SHOP, 0.3, given=29, no_to=())
    assert agenda.plan(64, 64, 0.4) == [Ask(SHOP, 2, 45)]


def test_an_empty_queue_is_forgotten() -> None:
    agenda = Agenda()
    agenda.note([Queue(SHOP, 1, 2)])
    (ask,) = agenda.plan(10, 10, 0.0)
    agenda.found(ask, 0, 0)
    assert agenda.plan(10, 10, 0.0) == []
    assert agenda.next() is None


def test_a_bucket_that_somebody_else_emptied_is_not_asked_before_it_opens() -> None:
    """Breaks when it is forgotten then, or people are kept from it."""
    agenda = Agenda()
    agenda.note([Queue(SHOP, 2, MANY), Queue(SHOP, HUMAN, 1)])
    agenda.closed(SHOP, 0.2)
    assert agenda.plan(64, 58, 0.1) == [Ask(SHOP, HUMAN, 1)]
    assert agenda.next() == 0.2
    assert Ask(SHOP, 2, MANY - 6) in agenda.plan(64, 58, 0.2)


def test_who_joins_a_queue_is_added_to_those_who_wait() -> None:
    """Broken by: a count that the newest one replaces: others would wait for the next look at everything."""
    agenda = Agenda()
    agenda.join(SHOP, 1, 2)
    agenda.join(SHOP, 1, 3)
    assert agenda.plan(10, 10, 0.0) == [Ask(SHOP, 1, 5)]
    agenda.join(SHOP, 1, MANY)
    assert agenda.plan(2 * MANY, 2 * MANY, 0.0) == [Ask(SHOP, 1, MANY)]
