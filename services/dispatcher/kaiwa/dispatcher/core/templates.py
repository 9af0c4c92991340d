"""The three templates that Instagram offers, as shapes whose bounds come from the table of limits."""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from kaiwa.dispatcher.core import limits

_Url = Annotated[str, Meta(pattern=r"^https?://[^\s/]")]
_Payload = Annotated[str, Meta(min_length=1, max_length=limits.PAYLOAD.most)]
_ButtonTitle = Annotated[str, Meta(min_length=1, max_length=limits.BUTTON_TITLE.most)]
_Title = Annotated[str, Meta(min_length=1, max_length=limits.ELEMENT_TITLE.most)]


class _Strict(Struct, forbid_unknown_fields=True):
    """What the platform does not know it ignores: here that is a mistake somebody should hear of."""


class _Link(_Strict, tag_field="type", tag="web_url"):
    title: _ButtonTitle
    url: _Url


class _Postback(_Strict, tag_field="type", tag="postback"):
    title: _ButtonTitle
    payload: _Payload


class _Tap(_Strict):
    type: Literal["web_url"]
    url: _Url


_Buttons = Annotated[tuple[_Link | _Postback, ...], Meta(min_length=1, max_length=limits.BUTTONS.most)]


class _Element(_Strict):
    title: _Title
    subtitle: _Title | None = None
    image_url: _Url | None = None
    default_action: _Tap | None = None
    buttons: _Buttons | None = None

    def __post_init__(self) -> None:
        if not (self.subtitle or self.image_url or self.default_action or self.buttons):
            raise ValueError("needs one more property besides its title")


class _Product(_Strict):
    id: Annotated[str, Meta(min_length=1, max_length=limits.ID.most)]


class _Generic(_Strict, tag_field="template_type", tag="generic"):
    elements: Annotated[tuple[_Element, ...], Meta(min_length=1, max_length=limits.ELEMENTS.most)]


class _Button(_Strict, tag_field="template_type", tag="button"):
    text: Annotated[str, Meta(min_length=1, max_length=limits.BUTTON_TEXT.most)]
    buttons: _Buttons


class _Products(_Strict, tag_field="template_type", tag="product"):
    elements: Annotated[tuple[_Product, ...], Meta(min_length=1, max_length=limits.ELEMENTS.most)]


class _QuickReply(_Strict):
    content_type: Literal["text"]
    title: Annotated[str, Meta(min_length=1, max_length=limits.QUICK_REPLY_TITLE.most)]
    payload: _Payload


_QuickReplies = Annotated[tuple[_QuickReply, ...], Meta(max_length=limits.QUICK_REPLIES.most)]
_Template = _Generic | _Button | _Products

_WHERE = re.compile(r" - at `\$(.*)`$")
_QUOTED = ("Invalid ", "Object contains unknown field")


def template_fault(template: dict[str, Any]) -> str | None:
    """What is wrong with a template, without a word of what it says; or None."""
    return _fault("template", template, _Template)


def quick_replies_fault(replies: tuple[Any, ...]) -> str | None:
    """What is wrong with quick replies, likewise."""
    return _fault("quick_replies", replies, _QuickReplies)


def _fault(name: str, value: object, shape: object) -> str | None:
    try:
        msgspec.convert(value, type=shape)
    except msgspec.ValidationError as error:
        said = str(error)
        where = found[1] if (found := _WHERE.search(said)) else ""
        what = _WHERE.sub("", said)
        if what.startswith(_QUOTED):  # these quote the caller, and an outcome holds no content
            what = "holds a type or a field that is not offered"
        return f"{name}{where}: {what}"
    return None
