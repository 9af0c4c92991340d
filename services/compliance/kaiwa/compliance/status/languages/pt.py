"""Portuguese."""

from typing import Final

from kaiwa.compliance.core.requests import Refusal
from kaiwa.compliance.status.wording import Words

WORDS: Final = Words(
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
)
