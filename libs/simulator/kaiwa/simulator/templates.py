"""The strict check of the three templates that Instagram offers (platform notes, section 2.2)."""

from typing import Any

from kaiwa.simulator.errors import Refusal, Rule, refuse

MAX_ELEMENTS = 10
MAX_BUTTONS = 3
MAX_TITLE = 80
MAX_BUTTON_TEXT = 640


def check(payload: dict[str, Any]) -> None:
    """Refuse a template payload that the reference does not allow."""
    match payload:
        case {"template_type": "generic", "elements": list(elements)}:
            _count(elements)
            for element in elements:
                _generic(element)
        case {"template_type": "button", "text": str(text), "buttons": list(buttons)} if text:
            if len(text) > MAX_BUTTON_TEXT:
                raise refuse(Rule.SIZE, "The text of a button template is too long", subcode=2534015)
            _buttons(buttons)
        case {"template_type": "product", "elements": list(elements)}:
            _count(elements)
            if not all(
                isinstance(product, dict) and isinstance(product.get("id"), str) for product in elements
            ):
                raise _wrong("A product element is {id}")
        case _:
            raise _wrong("Unknown template, or a part of it is missing")


def _count(elements: list[Any]) -> None:
    if not 1 <= len(elements) <= MAX_ELEMENTS:
        raise refuse(Rule.SIZE, f"1 to {MAX_ELEMENTS} elements are allowed", subcode=2534015)


def _generic(element: Any) -> None:
    if not isinstance(element, dict) or not isinstance(element.get("title"), str) or len(element) < 2:  # noqa: PLR2004 - a title and one more property
        raise _wrong("An element has a title and at least one more property")
    for key in ("title", "subtitle"):
        if not isinstance(element.get(key, ""), str):
            raise _wrong(f"The {key} must be a string")
        if len(element.get(key, "")) > MAX_TITLE:
            raise refuse(Rule.SIZE, f"The {key} has more than {MAX_TITLE} characters", subcode=2534015)
    if "buttons" in element:
        _buttons(element["buttons"])


def _buttons(buttons: Any) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MAX_BUTTONS:
        raise refuse(Rule.SIZE, f"1 to {MAX_BUTTONS} buttons are allowed", subcode=2534015)
    for button in buttons:
        match button:
            case {"type": "web_url", "title": str(), "url": str()}:
                continue
            case {"type": "postback", "title": str(), "payload": str()}:
                continue
            case _:
                raise _wrong("A button is web_url with url or postback with payload, and has a title")


def _wrong(message: str) -> Refusal:
    return refuse(Rule.BODY, message, subcode=2534015)
