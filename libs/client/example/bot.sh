#!/usr/bin/env bash
# A bot in curl: `bot.sh ACCOUNT CUSTOMER TEXT`, with KAIWA_DOOR_URL and KAIWA_DOOR_KEY. Asked twice it sends once.
# TEXT goes into JSON as it is: without quotes and backslashes.
set -euo pipefail
account=$1 customer=$2 text=$3
ask() { curl --silent --show-error --fail-with-body --retry 5 --header "Authorization: Bearer $KAIWA_DOOR_KEY" "$@"; }

ask "$KAIWA_DOOR_URL/v1/accounts/$account/conversations/$customer" | grep --quiet '"automation":{"verdict":"\(yes\|ask\|wait\)"' ||
  { echo "not now"; exit 1; }
id=bot-$(printf %s "$account:$customer:$text" | sha256sum | cut --characters=1-32)
printf '{"account_id":"%s","recipient":{"customer_id":"%s"},"author":{"kind":"automation"},"message":{"text":"%s"}}' \
  "$account" "$customer" "$text" |
  ask "$KAIWA_DOOR_URL/v1/sends" --header "Idempotency-Key: $id" --json @- >/dev/null
until ask "$KAIWA_DOOR_URL/v1/sends/$id?account_id=$account" |
  grep --only-matching '"customer_id":[^,]*,"state":"\(sent\|refused\|failed\|expired\|cancelled\)"' | cut --delimiter=\" --fields=8; do
  sleep 1
done
