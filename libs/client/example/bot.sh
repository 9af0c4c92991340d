#!/usr/bin/env bash
# A bot in curl: `bot.sh ACCOUNT CUSTOMER TEXT`, with KAIWA_DOOR_URL and KAIWA_DOOR_KEY. Asked twice it sends once.
# Needs curl and jq.
set -euo pipefail
account=$1 customer=$2 text=$3
ask() { curl --silent --show-error --fail-with-body --retry 5 --header "Authorization: Bearer $KAIWA_DOOR_KEY" "$@"; }

ask "$KAIWA_DOOR_URL/v1/accounts/$account/conversations/$customer" | jq --exit-status '.automation.verdict != "no"' >/dev/null ||
  { echo "not now"; exit 1; }
id=bot-$(printf %s "$account:$customer:$text" | sha256sum | cut --characters=1-32)
jq --null-input --arg account "$account" --arg customer "$customer" --arg text "$text" \
  '{account_id: $account, recipient: {customer_id: $customer}, author: {kind: "automation"}, message: {text: $text}}' |
  ask "$KAIWA_DOOR_URL/v1/sends" --header "Idempotency-Key: $id" --json @- >/dev/null
until ask "$KAIWA_DOOR_URL/v1/sends/$id?account_id=$account" |
  jq --exit-status --raw-output '.state | select(IN("sent", "refused", "failed", "expired", "cancelled"))'; do
  sleep 1
done
