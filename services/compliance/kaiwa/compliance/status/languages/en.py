"""English."""

from typing import Final

from kaiwa.compliance.core.requests import Refusal
from kaiwa.compliance.status.wording import Words

WORDS: Final = Words(
    name="English",
    title="Deletion request",
    code="Confirmation code",
    progress="Progress of this request",
    languages="Language",
    received="Received",
    in_progress="In progress",
    done="Done",
    refused="Not carried out",
    by="by {date} at the latest",
    now="current step",
    finished="completed",
    coming="not yet",
    reload="Look again",
    keep="Keep this address: it shows how your request is going.",
    lead={
        "received": "We have your request.",
        "in_progress": "We are deleting the data.",
        "done": "The data have been deleted.",
        "refused": "We did not carry out this request.",
        "unknown": "We do not know this code yet.",
        "busy": "Too many requests just now.",
        "away": "This page is unavailable for a moment.",
    },
    detail={
        "received": "We are finding out which data it is about. That can take a person's look.",
        "in_progress": "Every place that holds some of it has been told to delete it. We check before we call it done.",
        "done": "We looked for them again after deleting them, and found nothing.",
        "refused": "",
        "unknown": "A new request takes a moment to arrive. Please try again in a minute, and check that the address is complete.",
        "busy": "Please try again in a minute.",
        "away": "Your request is safe. Please try again in a minute.",
    },
    refusal={
        Refusal.LEGAL_HOLD: "The law obliges us to keep these data for now. Once it no longer does, please ask again.",
        Refusal.UNMATCHED: "We could not find out whose data are meant. Please contact the business you wrote to.",
        Refusal.NOT_OURS: "We hold no data of this person.",
        Refusal.WITHDRAWN: "The request was withdrawn by whoever made it.",
    },
)
