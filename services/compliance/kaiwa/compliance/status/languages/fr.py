"""French."""

from typing import Final

from kaiwa.compliance.core.requests import Refusal
from kaiwa.compliance.status.wording import Words

WORDS: Final = Words(
    name="Français",
    title="Demande de suppression",
    code="Code de confirmation",
    progress="Avancement de cette demande",
    languages="Langue",
    received="Reçue",
    in_progress="En cours",
    done="Terminée",
    refused="Non exécutée",
    by="au plus tard le {date}",
    now="étape actuelle",
    finished="étape terminée",
    coming="à venir",
    reload="Actualiser",
    keep="Conservez cette adresse : elle indique où en est votre demande.",
    lead={
        "received": "Nous avons bien reçu votre demande.",
        "in_progress": "Nous supprimons les données.",
        "done": "Les données ont été supprimées.",
        "refused": "Nous n’avons pas exécuté cette demande.",
        "unknown": "Nous ne connaissons pas encore ce code.",
        "busy": "Trop de demandes en ce moment.",
        "away": "Cette page est momentanément indisponible.",
    },
    detail={
        "received": "Nous cherchons de quelles données il s’agit. Une personne doit parfois vérifier.",
        "in_progress": "Tous les endroits qui en conservent une partie ont reçu l’ordre de la supprimer. Nous vérifions avant de déclarer la demande terminée.",
        "done": "Nous les avons recherchées après la suppression, et rien n’a été trouvé.",
        "refused": "",
        "unknown": "Une nouvelle demande met un moment à arriver. Réessayez dans une minute et vérifiez que l’adresse est complète.",
        "busy": "Réessayez dans une minute.",
        "away": "Votre demande n’est pas perdue. Réessayez dans une minute.",
    },
    refusal={
        Refusal.LEGAL_HOLD: "La loi nous oblige à conserver ces données pour l’instant. Renouvelez votre demande lorsque ce ne sera plus le cas.",
        Refusal.UNMATCHED: "Nous n’avons pas pu déterminer de qui sont ces données. Adressez-vous à l’entreprise à laquelle vous avez écrit.",
        Refusal.NOT_OURS: "Nous ne conservons aucune donnée de cette personne.",
        Refusal.WITHDRAWN: "La demande a été retirée par la personne qui l’avait faite.",
    },
)
