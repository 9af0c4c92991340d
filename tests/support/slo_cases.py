"""For each objective, series that burn its budget and series that do not."""

from alert_cases import OK_WEBHOOKS, Case

SLO_CASES = {
    "webhooks": Case(
        {OK_WEBHOOKS: "0+100x60", 'kaiwa_ingest_ack_seconds_bucket{le="1.0"}': "0+90x60"},
        {OK_WEBHOOKS: "0+100000x60", 'kaiwa_ingest_ack_seconds_bucket{le="1.0"}': "0+99990x60"},
    ),
    "handover": Case(
        {
            'kaiwa_dispatcher_handover_seconds_count{lane="human"}': "0+100x60",
            'kaiwa_dispatcher_handover_seconds_bucket{lane="human",le="5.0"}': "0+50x60",
        },
        {
            'kaiwa_dispatcher_handover_seconds_count{lane="human"}': "0+1000x60",
            'kaiwa_dispatcher_handover_seconds_bucket{lane="human",le="5.0"}': "0+999x60",
            'kaiwa_dispatcher_handover_seconds_count{lane="bulk"}': "0+1000x60",
            'kaiwa_dispatcher_handover_seconds_bucket{lane="bulk",le="5.0"}': "0+1x60",
        },
    ),
    "bulk": Case(
        {
            'kaiwa_dispatcher_handover_seconds_count{lane="bulk"}': "0+100x60",
            'kaiwa_dispatcher_handover_seconds_bucket{lane="bulk",le="300.0"}': "0+50x60",
        },
        {
            'kaiwa_dispatcher_handover_seconds_count{lane="bulk"}': "0+1000x60",
            'kaiwa_dispatcher_handover_seconds_bucket{lane="bulk",le="300.0"}': "0+999x60",
            'kaiwa_dispatcher_handover_seconds_count{lane="human"}': "0+1000x60",
            'kaiwa_dispatcher_handover_seconds_bucket{lane="human",le="300.0"}': "0+1x60",
        },
    ),
    "deletion": Case(
        {
            'kaiwa_compliance_closed_total{in_time="yes"}': "0+9x60",
            'kaiwa_compliance_closed_total{in_time="no"}': "0+1x60",
        },
        {
            'kaiwa_compliance_closed_total{in_time="yes"}': "0+9x60",
            'kaiwa_compliance_closed_total{in_time="no"}': "0x60",
        },
    ),
    "tombstone": Case(
        {
            "kaiwa_compliance_unsend_to_tombstone_seconds_count": "0+10x60",
            'kaiwa_compliance_unsend_to_tombstone_seconds_bucket{le="1.0"}': "0+5x60",
        },
        {
            "kaiwa_compliance_unsend_to_tombstone_seconds_count": "0+1000x60",
            'kaiwa_compliance_unsend_to_tombstone_seconds_bucket{le="1.0"}': "0+999x60",
        },
    ),
    "absence": Case(
        {'kaiwa_compliance_unverified_age_seconds{pod="1"}': "3660+60x60"},
        {
            'kaiwa_compliance_unverified_age_seconds{pod="1"}': "3000x60",
            # A holder that takes days owes a receipt; the record is gone, and somebody has read that.
            'kaiwa_compliance_erasure_age_seconds{scope="account"}': "90000x60",
        },
    ),
    "row": Case(
        {
            "kaiwa_dispatcher_order_to_row_seconds_count": "0+10x60",
            'kaiwa_dispatcher_order_to_row_seconds_bucket{le="5.0"}': "0+5x60",
        },
        {
            "kaiwa_dispatcher_order_to_row_seconds_count": "0+1000x60",
            'kaiwa_dispatcher_order_to_row_seconds_bucket{le="5.0"}': "0+999x60",
            # A receipt that somebody else gives late, or that comes late from us, is another promise.
            'kaiwa_compliance_receipt_seconds_count{holder="dispatcher"}': "0+1000x60",
            'kaiwa_compliance_receipt_seconds_bucket{holder="dispatcher",le="5.0"}': "0+1x60",
        },
    ),
    "heap": Case(
        {'kaiwa_dispatcher_erased_on_disk_age_seconds{pod="1"}': "3660+60x60"},
        {
            'kaiwa_dispatcher_erased_on_disk_age_seconds{pod="1"}': "0+60x60",
            # Content that is still wanted may be old.
            "kaiwa_dispatcher_content_age_seconds": "9000x60",
        },
    ),
    "sends": Case(
        {"kaiwa_compliance_sends_bound_seconds": "172800x60"},
        {"kaiwa_compliance_sends_bound_seconds": "90300x60"},
    ),
    "doubt": Case(
        {"kaiwa_dispatcher_in_doubt_age_seconds": "0+60x60"},
        {"kaiwa_dispatcher_in_doubt_age_seconds": "300x60"},
    ),
}
