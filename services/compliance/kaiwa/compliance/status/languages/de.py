"""German."""

from typing import Final

from kaiwa.compliance.core.requests import Refusal
from kaiwa.compliance.status.wording import Words

WORDS: Final = Words(
    name="Deutsch",
    title="Löschanfrage",
    code="Bestätigungscode",
    progress="Stand dieser Anfrage",
    languages="Sprache",
    received="Eingegangen",
    in_progress="In Bearbeitung",
    done="Erledigt",
    refused="Nicht ausgeführt",
    by="spätestens am {date}",
    now="aktueller Schritt",
    finished="abgeschlossen",
    coming="steht noch aus",
    reload="Erneut nachsehen",
    keep="Heben Sie diese Adresse auf: Sie zeigt den Stand Ihrer Anfrage.",
    lead={
        "received": "Ihre Anfrage ist bei uns.",
        "in_progress": "Wir löschen die Daten.",
        "done": "Die Daten sind gelöscht.",
        "refused": "Wir haben diese Anfrage nicht ausgeführt.",
        "unknown": "Diesen Code kennen wir noch nicht.",
        "busy": "Gerade kommen zu viele Anfragen.",
        "away": "Diese Seite ist kurz nicht erreichbar.",
    },
    detail={
        "received": "Wir stellen fest, um welche Daten es geht. Manchmal muss ein Mensch nachsehen.",
        "in_progress": "Alle Stellen, an denen etwas davon liegt, haben den Auftrag zu löschen. Wir prüfen nach, bevor wir es erledigt nennen.",
        "done": "Wir haben nach dem Löschen noch einmal gesucht und nichts mehr gefunden.",
        "refused": "",
        "unknown": "Eine neue Anfrage braucht einen Moment, bis sie ankommt. Bitte versuchen Sie es in einer Minute noch einmal und prüfen Sie, ob die Adresse vollständig ist.",
        "busy": "Bitte versuchen Sie es in einer Minute noch einmal.",
        "away": "Ihre Anfrage ist nicht verloren. Bitte versuchen Sie es in einer Minute noch einmal.",
    },
    refusal={
        Refusal.LEGAL_HOLD: "Das Gesetz verpflichtet uns, diese Daten vorerst aufzubewahren. Bitte fragen Sie wieder, wenn das nicht mehr gilt.",
        Refusal.UNMATCHED: "Wir konnten nicht feststellen, wessen Daten gemeint sind. Bitte wenden Sie sich an das Unternehmen, dem Sie geschrieben haben.",
        Refusal.NOT_OURS: "Von dieser Person haben wir keine Daten.",
        Refusal.WITHDRAWN: "Die Anfrage wurde von derselben Stelle zurückgezogen, die sie gestellt hat.",
    },
)
