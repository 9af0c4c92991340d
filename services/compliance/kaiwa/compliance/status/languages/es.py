"""Spanish."""

from typing import Final

from kaiwa.compliance.core.requests import Refusal
from kaiwa.compliance.status.wording import Words

WORDS: Final = Words(
    name="Español",
    title="Solicitud de eliminación",
    code="Código de confirmación",
    progress="Estado de esta solicitud",
    languages="Idioma",
    received="Recibida",
    in_progress="En curso",
    done="Terminada",
    refused="No realizada",
    by="a más tardar el {date}",
    now="paso actual",
    finished="paso terminado",
    coming="pendiente",
    reload="Volver a mirar",
    keep="Guarde esta dirección: muestra cómo va su solicitud.",
    lead={
        "received": "Hemos recibido su solicitud.",
        "in_progress": "Estamos eliminando los datos.",
        "done": "Los datos se han eliminado.",
        "refused": "No hemos realizado esta solicitud.",
        "unknown": "Todavía no conocemos este código.",
        "busy": "Hay demasiadas solicitudes en este momento.",
        "away": "Esta página no está disponible por un momento.",
    },
    detail={
        "received": "Estamos averiguando de qué datos se trata. A veces tiene que revisarlo una persona.",
        "in_progress": "Todos los lugares que guardan alguna parte han recibido la orden de eliminarla. Lo comprobamos antes de darla por terminada.",
        "done": "Los hemos vuelto a buscar después de eliminarlos y no hemos encontrado nada.",
        "refused": "",
        "unknown": "Una solicitud nueva tarda un momento en llegar. Inténtelo de nuevo en un minuto y compruebe que la dirección esté completa.",
        "busy": "Inténtelo de nuevo en un minuto.",
        "away": "Su solicitud no se ha perdido. Inténtelo de nuevo en un minuto.",
    },
    refusal={
        Refusal.LEGAL_HOLD: "La ley nos obliga a conservar estos datos por ahora. Vuelva a solicitarlo cuando ya no sea así.",
        Refusal.UNMATCHED: "No hemos podido averiguar de quién son los datos. Diríjase a la empresa a la que escribió.",
        Refusal.NOT_OURS: "No guardamos datos de esta persona.",
        Refusal.WITHDRAWN: "La solicitud fue retirada por quien la hizo.",
    },
)
