"""Turns what people do into the platform's state and its webhook events (platform notes, sections 1.7 and 3.1)."""

from typing import Any, assert_never

from kaiwa.simulator import items
from kaiwa.simulator.actions import (
    AnyAction,
    Edit,
    EndLive,
    Expire,
    Hand,
    Happen,
    PressTest,
    React,
    Refer,
    Remark,
    Revoke,
    See,
    Tap,
    Type,
    Unreact,
    Unsend,
    Unsubscribe,
    Write,
)
from kaiwa.simulator.books import Event
from kaiwa.simulator.model import DAY, Comment, Control, Message, Thread
from kaiwa.simulator.sending import Desk
from kaiwa.simulator.state import State, UnknownThingError, dashboard_test
from kaiwa.simulator.withdrawing import withdraw

Made = tuple[str | None, list[Event]]


class Stage:
    """Where people act."""

    def __init__(self, state: State, desk: Desk) -> None:
        self._state = state
        self._desk = desk

    def act(self, action: AnyAction, now: float) -> Made:  # noqa: C901, PLR0911, PLR0912 - one case per kind of action
        """The id of what was made, if it has one, and the events to deliver."""
        match action:
            case Write():
                return self._write(action, now)
            case Edit():
                return self._edit(action, now)
            case Unsend():
                return self._unsend(action, now)
            case React():
                return self._react(action, now)
            case Unreact():
                return self._unreact(action, now)
            case See():
                thread = self._state.message(action.mid)[0]
                return None, self._tell(thread, "seen", {"read": {"mid": action.mid}}, action, now)
            case Tap():
                return self._tap(action, now)
            case Refer():
                return self._refer(action, now)
            case Remark():
                return self._comment(action, now)
            case EndLive():
                return self._end_live(action)
            case Expire() | Revoke() | Unsubscribe():
                withdraw(self._state, action)
                return None, []
            case Type():
                return self._type(action, now)
            case Hand():
                return self._hand(action, now)
            case Happen():
                return self._happen(action, now)
            case PressTest():
                return None, [dashboard_test(self._state, action.app_id, action.field, now)]
            case _:
                assert_never(action)

    def _tell(
        self,
        thread: Thread,
        kind: str,
        part: dict[str, Any],
        action: AnyAction,
        now: float,
        *,
        mid: str | None = None,
        text: str | None = None,
    ) -> list[Event]:
        at = _at(action, now)
        item = items.from_customer(thread.account_id, thread.customer_id, at, part)
        return self._state.publish(thread, kind, item, now=now, at=at, delay=action.delay, mid=mid, text=text)

    def _enter(self, account_id: str, customer_id: str, at: float) -> Thread:
        """A customer does what opens the window; in an idle thread the default app becomes the owner."""
        self._state.customer(account_id, customer_id)
        thread = self._state.thread(account_id, customer_id)
        self._open(thread, at)
        return thread

    def _open(self, thread: Thread, at: float) -> None:
        thread.open_window(at)
        default_app = self._state.account(thread.account_id).default_app
        if default_app is not None:
            owner = thread.owner(at) or default_app
            until = max(at + DAY, thread.control.until if thread.control else 0.0)
            thread.control = Control(owner, until)

    def _write(self, action: Write, now: float) -> Made:
        at = _at(action, now)
        thread = self._enter(action.account_id, action.customer_id, at)
        mid = self._state.ids.mid()
        message: dict[str, Any] = {"mid": mid}
        if action.text is not None:
            message["text"] = action.text
        attachments = [items.attachment(kind, self._state.ids) for kind in action.attachments]
        if attachments:
            message["attachments"] = attachments
        if action.reply_to is not None:
            message["reply_to"] = {"mid": action.reply_to, "is_self_reply": False}
        if action.story_reply:
            message["reply_to"] = {"story": {"id": self._state.ids.node(), "url": self._state.ids.asset()}}
        if action.quick_reply is not None:
            message["quick_reply"] = {"payload": action.quick_reply}
        if action.referral is not None:
            message["referral"] = action.referral
        if action.unsupported:
            message["is_unsupported"] = True
        kept = Message(mid=mid, at=at, from_customer=True, text=action.text, attachments=attachments)
        self._state.keep(thread, kept)
        part = {"message": message}
        return mid, self._tell(thread, "message", part, action, now, mid=mid, text=action.text)

    def _edit(self, action: Edit, now: float) -> Made:
        thread, message = self._present(action.mid)
        message.text = action.text
        message.edits += 1
        part = {"message_edit": {"mid": action.mid, "text": action.text, "num_edit": message.edits}}
        return action.mid, self._tell(thread, "edit", part, action, now, mid=action.mid, text=action.text)

    def _unsend(self, action: Unsend, now: float) -> Made:
        thread, message = self._present(action.mid)
        message.unsent = True
        at = _at(action, now)
        part: dict[str, Any] = {"message": {"mid": action.mid, "is_deleted": True}}
        if message.from_customer:
            item = items.from_customer(thread.account_id, thread.customer_id, at, part)
        else:
            part["message"]["is_echo"] = True
            item = items.from_account(thread.account_id, thread.customer_id, at, part)
        return action.mid, self._state.publish(
            thread, "unsend", item, now=now, at=at, delay=action.delay, mid=action.mid
        )

    def _present(self, mid: str) -> tuple[Thread, Message]:
        thread, message = self._state.message(mid)
        if message.unsent:
            raise UnknownThingError("this message was unsent")
        return thread, message

    def _react(self, action: React, now: float) -> Made:
        thread, _ = self._present(action.mid)
        self._open(thread, _at(action, now))
        reaction = {
            "mid": action.mid,
            "action": "react",
            "reaction": action.reaction,
            "emoji": action.emoji,
        }
        return None, self._tell(thread, "reaction", {"reaction": reaction}, action, now)

    def _unreact(self, action: Unreact, now: float) -> Made:
        thread, _ = self._present(action.mid)
        reaction = {"mid": action.mid, "action": "unreact"}
        return None, self._tell(thread, "unreaction", {"reaction": reaction}, action, now)

    def _tap(self, action: Tap, now: float) -> Made:
        thread = self._enter(action.account_id, action.customer_id, _at(action, now))
        mid = self._state.ids.mid()
        postback = {"mid": mid, "title": action.title, "payload": action.payload}
        part = {"postback": postback}
        return mid, self._tell(thread, "postback", part, action, now, mid=mid, text=action.title)

    def _refer(self, action: Refer, now: float) -> Made:
        thread = self._enter(action.account_id, action.customer_id, _at(action, now))
        referral = {"ref": action.ref, "source": "SHORTLINKS", "type": "OPEN_THREAD"}
        return None, self._tell(thread, "referral", {"referral": referral}, action, now)

    def _comment(self, action: Remark, now: float) -> Made:
        account = self._state.account(action.account_id)
        customer = self._state.customer(action.account_id, action.customer_id)
        at = _at(action, now)
        comment = Comment(
            comment_id=self._state.ids.node(),
            account_id=account.account_id,
            customer_id=customer.customer_id,
            at=at,
            live=action.live,
        )
        self._state.comments[comment.comment_id] = comment
        media_id = action.media_id or self._state.ids.node()
        item = items.comment_change(account, comment, customer.username, action.text, media_id)
        thread = self._state.thread(account.account_id, customer.customer_id)
        kind = "live_comment" if action.live else "comment"
        events = self._state.publish(
            thread, kind, item, now=now, at=at, delay=action.delay, mid=comment.comment_id, text=action.text
        )
        return comment.comment_id, events

    def _end_live(self, action: EndLive) -> Made:
        for comment in self._state.comments.values():
            if comment.live and comment.account_id == action.account_id:
                comment.open = False
        return None, []

    def _type(self, action: Type, now: float) -> Made:
        account = self._state.account(action.account_id)
        self._state.customer(action.account_id, action.customer_id)
        thread = self._state.thread(action.account_id, action.customer_id)
        mid, at = self._state.ids.mid(), _at(action, now)
        message = {"text": action.text}
        return mid, self._desk.speak(
            account, thread, mid, message, at, app_id=action.app_id, delay=action.delay
        )

    def _hand(self, action: Hand, now: float) -> Made:
        self._state.customer(action.account_id, action.customer_id)
        thread = self._state.thread(action.account_id, action.customer_id)
        if action.app_id is None:
            thread.control = None
            return None, []
        return None, self._desk.switchboard.give(thread, thread.owner(now), action.app_id, now, action.delay)

    def _happen(self, action: Happen, now: float) -> Made:
        self._state.customer(action.account_id, action.customer_id)
        thread = self._state.thread(action.account_id, action.customer_id)
        if "field" not in action.part:
            return None, self._tell(thread, next(iter(action.part)), action.part, action, now)
        at = _at(action, now)
        kind = str(action.part["field"])
        return None, self._state.publish(thread, kind, action.part, now=now, at=at, delay=action.delay)


def _at(action: AnyAction, now: float) -> float:
    return now if action.at is None else action.at
