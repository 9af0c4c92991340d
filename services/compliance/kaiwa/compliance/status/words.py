"""What the page says, in every language it speaks. A language that lacks a sentence does not start."""

from dataclasses import dataclass
from typing import Final

from kaiwa.compliance.core.requests import Refusal


@dataclass(frozen=True, kw_only=True)
class Words:
    """``lead`` and ``detail`` by what the page shows: a state, or ``unknown``, ``busy``, ``away``."""

    name: str
    title: str
    code: str
    progress: str
    languages: str
    received: str
    in_progress: str
    done: str
    refused: str
    by: str
    now: str
    finished: str
    coming: str
    reload: str
    keep: str
    lead: dict[str, str]
    detail: dict[str, str]
    refusal: dict[str, str]


WORDS: Final[dict[str, Words]] = {
    "en": Words(
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
    ),
    "de": Words(
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
    ),
    "ja": Words(
        name="日本語",
        title="データ削除のご依頼",
        code="確認コード",
        progress="ご依頼の状況",
        languages="言語",
        received="受付済み",
        in_progress="処理中",
        done="完了",
        refused="実施されませんでした",
        by="遅くとも {date} まで",
        now="現在の段階",
        finished="完了した段階",
        coming="これから",
        reload="もう一度確認する",
        keep="このアドレスを保管してください。ご依頼の状況をいつでも確認できます。",
        lead={
            "received": "ご依頼を受け付けました。",
            "in_progress": "データを削除しています。",
            "done": "データは削除されました。",
            "refused": "このご依頼は実施されませんでした。",
            "unknown": "このコードはまだ確認できません。",
            "busy": "ただいまアクセスが集中しています。",
            "away": "このページは一時的に表示できません。",
        },
        detail={
            "received": "対象となるデータを確認しています。担当者による確認が必要な場合があります。",
            "in_progress": "データを保管しているすべての場所に削除を指示しました。完了とする前に、削除されたことを確認します。",
            "done": "削除後にもう一度確認し、データが残っていないことを確かめました。",
            "refused": "",
            "unknown": "新しいご依頼が反映されるまで少し時間がかかります。1分ほど待ってからもう一度お試しのうえ、アドレスに誤りがないかご確認ください。",
            "busy": "1分ほど待ってからもう一度お試しください。",
            "away": "ご依頼は失われていません。1分ほど待ってからもう一度お試しください。",
        },
        refusal={
            Refusal.LEGAL_HOLD: "法令により、現在このデータを保管する義務があります。義務がなくなりましたら、改めてご依頼ください。",
            Refusal.UNMATCHED: "どなたのデータか特定できませんでした。メッセージをやり取りした事業者へお問い合わせください。",
            Refusal.NOT_OURS: "この方のデータは保管していません。",
            Refusal.WITHDRAWN: "ご依頼は、依頼元によって取り下げられました。",
        },
    ),
    "fr": Words(
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
    ),
    "es": Words(
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
    ),
    "pt": Words(
        name="Português",
        title="Pedido de exclusão",
        code="Código de confirmação",
        progress="Andamento deste pedido",
        languages="Idioma",
        received="Recebido",
        in_progress="Em andamento",
        done="Concluído",
        refused="Não realizado",
        by="até {date}, no máximo",
        now="etapa atual",
        finished="etapa concluída",
        coming="pendente",
        reload="Ver de novo",
        keep="Guarde este endereço: ele mostra como está o seu pedido.",
        lead={
            "received": "Recebemos o seu pedido.",
            "in_progress": "Estamos excluindo os dados.",
            "done": "Os dados foram excluídos.",
            "refused": "Não realizamos este pedido.",
            "unknown": "Ainda não conhecemos este código.",
            "busy": "Há pedidos demais neste momento.",
            "away": "Esta página está indisponível por um momento.",
        },
        detail={
            "received": "Estamos verificando de quais dados se trata. Às vezes uma pessoa precisa conferir.",
            "in_progress": "Todos os lugares que guardam alguma parte receberam a ordem de excluí-la. Conferimos antes de dar o pedido por concluído.",
            "done": "Procuramos de novo depois da exclusão e não encontramos nada.",
            "refused": "",
            "unknown": "Um pedido novo leva um momento para chegar. Tente de novo em um minuto e confira se o endereço está completo.",
            "busy": "Tente de novo em um minuto.",
            "away": "O seu pedido não se perdeu. Tente de novo em um minuto.",
        },
        refusal={
            Refusal.LEGAL_HOLD: "A lei nos obriga a guardar estes dados por enquanto. Peça de novo quando isso deixar de valer.",
            Refusal.UNMATCHED: "Não conseguimos saber de quem são os dados. Fale com a empresa para a qual você escreveu.",
            Refusal.NOT_OURS: "Não guardamos dados desta pessoa.",
            Refusal.WITHDRAWN: "O pedido foi retirado por quem o fez.",
        },
    ),
}

FALLBACK: Final = "en"


def language(asked: str | None, accepted: str | None) -> str:
    """The one that was asked for by name, else the first that the browser accepts and the page speaks."""
    for tag in (asked or "", *_by_weight(accepted or "")):
        spoken = tag.strip().split("-")[0].lower()
        if spoken in WORDS:
            return spoken
    return FALLBACK


def _by_weight(accepted: str) -> list[str]:
    """The tags of an Accept-Language header (RFC 9110, 12.5.4), most wanted first; what is malformed comes last."""
    tags = [part.partition(";") for part in accepted.split(",")[:20]]
    weighted = [(tag, _weight(rest)) for tag, _, rest in tags]
    return [tag for tag, weight in sorted(weighted, key=lambda each: -each[1]) if weight > 0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, float(value)) if name.strip() == "q" else 0.001
    except ValueError:
        return 0.001
