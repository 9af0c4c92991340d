"""What a login came to, in words: every answer has its finding, and every finding that is not well says what to do."""

import pytest

from kaiwa.contracts.accounts import State
from kaiwa.dispatcher.core import onboarding, opening
from kaiwa.dispatcher.core.onboarding import Chosen, Missing, Several
from kaiwa.meta.answers import Accepted, Answer, Available, Lost, NotSent, Refused, Subscribed
from kaiwa.meta.login_answers import Fault, Identity, Page
from kaiwa.meta.logins import Cancelled, Failed, Nothing
from kaiwa.meta.permissions import NEEDED, USEFUL, scopes
from kaiwa.meta.signatures import Host

LOGINS: list[Host] = ["facebook", "instagram"]
SHOP = Page("10", "Shop", "t", ("MESSAGING", "MODERATE"), "178", "shop")
STUDIO = Page("11", "Studio", "t", (), "179", "studio")
LOOSE = Page("12", "Loose", "t")


def no(code: int, subcode: int | None = None) -> Refused:
    return Refused(code, subcode, "trace")


@pytest.mark.parametrize("login", LOGINS)
def test_permissions_asked_for_and_granted(login: Host) -> None:
    """Broken by: letting somebody in without a permission that messages need, or keeping them out for another."""
    every = frozenset(scopes(login))
    assert onboarding.permissions(login, every).verdict == "good"
    for name in NEEDED[login]:
        finding = onboarding.permissions(login, every - {name})
        assert (finding.verdict, name in finding.says) == ("bad", True)
        assert onboarding.lacking(login, every - {name}) == (name,)
    for name, lost in USEFUL[login].items():
        finding = onboarding.permissions(login, every - {name})
        assert (finding.verdict, name in finding.says, lost in str(finding.do)) == ("warn", True, True)
        assert onboarding.lacking(login, every - {name}) == ()


@pytest.mark.parametrize(
    ("pages", "wanted", "chosen"),
    [
        ([SHOP], None, "10"),
        ([LOOSE, SHOP], None, "10"),
        ([SHOP, STUDIO], None, {"10", "11"}),
        ([SHOP, STUDIO], "11", "11"),
        ([SHOP, STUDIO], "178", "10"),
        ([], None, "no Page was shared"),
        ([LOOSE], None, "Loose"),
        ([SHOP, LOOSE], "12", "Loose"),
        ([SHOP], "99", "99 is not among"),
        ([], "99", "none"),
    ],
)
def test_which_page(pages: list[Page], wanted: str | None, chosen: str | set[str]) -> None:
    match onboarding.choose(pages, wanted):
        case Chosen(page):
            assert page.page_id == chosen
        case Several(several):
            assert {page.page_id for page in several} == chosen
            assert "--account 178" in onboarding.which(Several(several)).says
        case Missing(finding):
            assert str(chosen) in finding.says
            assert finding.do


@pytest.mark.parametrize(
    ("tasks", "lacks"),
    [
        ((), None),
        (("MANAGE",), None),
        (("MESSAGING", "MODERATE"), None),
        (("MESSAGE", "MODERATE"), None),
        (("MODERATE",), "messages"),
        (("MESSAGING", "ANALYZE"), "moderation"),
    ],
)
def test_what_a_person_may_do_on_a_page(tasks: tuple[str, ...], lacks: str | None) -> None:
    finding = onboarding.tasks(Page("10", "", "t", tasks, "178"))
    assert (finding is None) == (lacks is None)
    assert finding is None or str(lacks) in finding.says


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (Identity("1", "178", "shop", "BUSINESS"), None),
        (Identity("1", "178", "shop", "MEDIA_CREATOR"), None),
        (Identity("1", "178", "shop", None), None),
        (Identity("1", "178", "shop", "PERSONAL"), "no professional account"),
        (Identity("1"), "which account"),
    ],
)
def test_only_professional_accounts(who: Identity, says: str | None) -> None:
    finding = onboarding.professional(who)
    assert (finding.says if finding else None) == says or (finding is not None and str(says) in finding.says)


@pytest.mark.parametrize(
    ("step", "fault", "says", "do"),
    [
        ("code", Fault(100, 36007, ""), "expired", "again"),
        ("code", Fault(100, 36008, ""), "another redirect", "dashboard"),
        ("code", Fault(100, 36009, ""), "used before", "somebody saw"),
        ("code", Fault(1, None, "secret"), "app id with this secret", "APPS_FILE"),
        ("code", Fault(101, None, ""), "app id with this secret", "APPS_FILE"),
        ("code", Fault(400, None, "Matching code"), "Matching code", "redirect URI"),
        ("account", Fault(190, 460, ""), "password", "again"),
        ("account", Fault(3, None, ""), "capability", "Advanced Access"),
        ("account", Fault(200, 2018028, ""), "role", "Advanced Access"),
        ("account", Fault(1, None, ""), "account", "again"),
        ("Pages", Fault(None, None, "odd"), "odd", "again"),
    ],
)
def test_every_refused_step_says_what_to_do(step: str, fault: Fault, says: str, do: str) -> None:
    for login in LOGINS:
        finding = onboarding.refusal(login, step, fault)
        assert finding.verdict == "bad"
        assert says in finding.says
        assert do in str(finding.do)


@pytest.mark.parametrize(
    ("said", "verdict", "after"),
    [
        (Available(), "good", "active"),
        (no(36103), "bad", "ineligible"),
        (no(3), "bad", "ineligible"),
        (no(200, 2018028), "bad", "ineligible"),
        (no(200, 2534041), "bad", "needs_reauth"),
        (no(10), "bad", "needs_reauth"),
        (no(190, 463), "bad", "needs_reauth"),
        (no(613, 2534040), "bad", None),
        (no(12345), "bad", None),
        (NotSent("x"), "unknown", None),
        (Lost("x"), "unknown", None),
    ],
)
def test_whether_messaging_is_open(
    said: Available | Refused | NotSent | Lost, verdict: str, after: State | None
) -> None:
    """Broken by: an outage or a full budget that reads as a lost login, or 36103 that reads as one."""
    opened = opening.messaging(said)
    assert (opened.finding.verdict, opened.state) == (verdict, after)
    assert verdict == "good" or opened.finding.do
    states: list[State] = ["active", "ineligible", "needs_reauth", "restricted"]
    for state in states:
        expected = state if after is None or state == "restricted" else after
        assert opening.state_after(state, opened) == expected


OURS = (Subscribed("1001", frozenset({"messages", "standby"})),)
DONE = Accepted(None, None)


@pytest.mark.parametrize(
    ("asked", "listed", "verdict"),
    [
        (DONE, OURS, "good"),
        (DONE, (Subscribed(None, frozenset({"messages"})),), "good"),
        (DONE, (Subscribed("1001", frozenset()),), "good"),
        (DONE, (Subscribed("2002", frozenset({"messages"})),), "bad"),
        (DONE, (), "bad"),
        (Lost("x"), OURS, "good"),
        (Lost("x"), (), "bad"),
        (no(200), OURS, "good"),
        (no(200), (), "bad"),
        (no(3), (), "bad"),
        (no(10), Lost("x"), "bad"),
        (DONE, no(1), "unknown"),
        (DONE, Lost("x"), "unknown"),
    ],
)
def test_a_subscription_is_what_is_listed(
    asked: Answer, listed: tuple[Subscribed, ...] | Refused | Lost, verdict: str
) -> None:
    """Broken by: believing `success` where the app is not listed afterwards (surprise 3)."""
    finding = opening.subscription(asked, listed, "1001")
    assert finding.verdict == verdict
    assert verdict == "good" or finding.do


def test_fields_of_comments_need_their_permission() -> None:
    without = frozenset(scopes("instagram")) - {"instagram_business_manage_comments"}
    assert "comments" in opening.fields("instagram", None)
    assert "comments" in opening.fields("instagram", frozenset(scopes("instagram")))
    assert "comments" not in opening.fields("instagram", without)
    for login in LOGINS:
        assert "messages" in opening.fields(login, None)
        assert "response_feedback" not in opening.fields(login, None)


def test_a_dialog_without_a_code() -> None:
    for said, words in (
        (Cancelled(), "cancelled"),
        (Failed("App not active"), "App not active"),
        (Nothing(), "not the answer"),
    ):
        finding = onboarding.unanswered_dialog(said)
        assert words in finding.says
        assert finding.do
    assert onboarding.unanswered_dialog(Failed("")).says.endswith("error")
    assert "another app (2002)" in onboarding.another_app("2002").says
    assert "not named" in onboarding.another_app("").says
    assert "timeout" in onboarding.unanswered("code", "timeout").says
    assert opening.access().do
    assert "not 179" in onboarding.another_account("179", Identity("1", "178")).says
    assert onboarding.kind(Identity("1", kind="MEDIA_CREATOR")) == "creator account"
    assert [onboarding.registered(added=added).verdict for added in (True, False)] == ["good", "good"]
