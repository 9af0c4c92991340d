"""Japanese."""

from typing import Final

from kaiwa.compliance.core.requests import Refusal
from kaiwa.compliance.status.wording import Words

WORDS: Final = Words(
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
)
