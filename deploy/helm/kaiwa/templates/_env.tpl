{{/*
What a container is told, by environment variables whose names the services' settings classes own. A test renders this and
loads those classes from it, so a name that drifts fails there.
*/}}

{{/* Takes root, name: the user that Kafka knows this component by. */}}
{{- define "kaiwa.kafkaUser" -}}
{{- if .root.Values.strimzi.users.enabled -}}
{{ include "kaiwa.fullname" .root }}-{{ .name }}
{{- else -}}
{{ .root.Values.kafka.sasl.username }}
{{- end -}}
{{- end }}

{{- define "kaiwa.kafkaPasswordSecret" -}}
{{- if .root.Values.strimzi.users.enabled -}}
{{ include "kaiwa.kafkaUser" . }}
{{- else -}}
{{ .root.Values.kafka.sasl.existingSecret }}
{{- end -}}
{{- end }}

{{- define "kaiwa.env.kafka" -}}
{{- $kafka := .root.Values.kafka -}}
- name: KAIWA_KAFKA__BOOTSTRAP_SERVERS
  value: {{ $kafka.bootstrapServers | quote }}
- name: KAIWA_KAFKA__SECURITY_PROTOCOL
  value: {{ $kafka.securityProtocol }}
{{- if hasPrefix "SASL_" $kafka.securityProtocol }}
- name: KAIWA_KAFKA__SASL_MECHANISM
  value: {{ $kafka.sasl.mechanism }}
- name: KAIWA_KAFKA__SASL_USERNAME
  value: {{ include "kaiwa.kafkaUser" . | quote }}
{{- end }}
{{- if $kafka.tls.caSecret }}
- name: KAIWA_KAFKA__SSL_CAFILE
  value: /run/kaiwa/kafka-ca/{{ $kafka.tls.caKey }}
{{- end }}
{{- if $kafka.tls.certSecret }}
- name: KAIWA_KAFKA__SSL_CERTFILE
  value: /run/kaiwa/kafka-cert/{{ $kafka.tls.certKey }}
- name: KAIWA_KAFKA__SSL_KEYFILE
  value: /run/kaiwa/kafka-cert/{{ $kafka.tls.keyKey }}
{{- end }}
{{- end }}

{{/*
What would be a variable and is secret: a file named like the variable, in one folder, so that it stands in no environment.
Takes root, name, and kafka or postgres where the container speaks to them.
*/}}
{{- define "kaiwa.secretSources" -}}
{{- if and .kafka (hasPrefix "SASL_" .root.Values.kafka.securityProtocol) }}
- secret:
    name: {{ include "kaiwa.kafkaPasswordSecret" . }}
    items:
      - {key: {{ .root.Values.kafka.sasl.passwordKey }}, path: KAIWA_KAFKA__SASL_PASSWORD}
{{- end }}
{{- if .postgres }}
- secret:
    name: {{ .root.Values.postgres.existingSecret }}
    items:
      - {key: {{ .root.Values.postgres.dsnKey }}, path: KAIWA_POSTGRES__DSN}
{{- end }}
{{- end }}

{{- define "kaiwa.env.secrets" -}}
{{- if include "kaiwa.secretSources" . | trim }}
- name: KAIWA_SECRETS_DIR
  value: /run/kaiwa/secrets
{{- end }}
{{- end }}

{{- define "kaiwa.mounts.secrets" -}}
{{- if include "kaiwa.secretSources" . | trim }}
- name: secrets
  mountPath: /run/kaiwa/secrets
  readOnly: true
{{- end }}
{{- end }}

{{- define "kaiwa.volumes.secrets" -}}
{{- with include "kaiwa.secretSources" . | trim }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- end }}

{{/*
The secret files of each service: variable, Secret, key in it. A key's name is that of the file which
`kaiwa keys generate` makes, so that `kubectl create secret generic --from-file` needs no renaming.
*/}}
{{- define "kaiwa.files" -}}
{{- $keys := .root.Values.keys.existingSecret -}}
{{- if or (eq .name "ingest") (eq .name "dispatcher") }}
- {variable: KAIWA_META__APPS_FILE, volume: meta, secret: {{ .root.Values.meta.existingSecret }}, key: {{ .root.Values.meta.appsKey }}}
{{- end }}
{{- if eq .name "ingest" }}
- {variable: KAIWA_META__VERIFY_TOKEN_FILE, volume: keys, secret: {{ $keys }}, key: verify-tokens}
- {variable: KAIWA_INGEST__ID_KEY_FILE, volume: keys, secret: {{ $keys }}, key: ingest-id.key}
{{- else if eq .name "dispatcher" }}
- {variable: KAIWA_DISPATCHER__SEAL_KEY_FILE, volume: keys, secret: {{ $keys }}, key: dispatcher-seal.key}
{{- else if eq .name "compliance" }}
- {variable: KAIWA_COMPLIANCE__SIGNING_KEY_FILE, volume: keys, secret: {{ $keys }}, key: compliance-signing.key}
- {variable: KAIWA_COMPLIANCE__HASH_KEY_FILE, volume: keys, secret: {{ $keys }}, key: compliance-hash.key}
{{- end }}
{{- $tables := .root.Files.Get "files/generated.yaml" | fromYaml }}
{{- if and .root.Values.analytics.enabled (has .name $tables.analytics) }}
- {variable: KAIWA_ANALYTICS__PSEUDONYM_KEY_FILE, volume: keys, secret: {{ $keys }}, key: analytics-pseudonym.key}
{{- end }}
{{- end }}

{{/* Everything a service is told; takes root, name, values. */}}
{{- define "kaiwa.env" -}}
{{- $root := .root -}}
{{- $worker := ne .name "ingest" -}}
- name: KAIWA_HTTP__HOST
  value: {{ $root.Values.bindAddress | quote }}
- name: KAIWA_HTTP__PORT
  value: {{ get (include "kaiwa.ports" . | fromYaml) .name | quote }}
{{- if and (eq .name "dispatcher") .values.door.enabled }}
- name: KAIWA_DOOR__HOST
  value: {{ $root.Values.bindAddress | quote }}
- name: KAIWA_DOOR__PORT
  value: {{ include "kaiwa.doorPort" $root | quote }}
{{- with .values.door.connectUrl }}
- name: KAIWA_DOOR__CONNECT_URL
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{ include "kaiwa.env.kafka" . }}
{{- if $worker }}
- name: KAIWA_KAFKA__GROUP_INSTANCE_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: KAIWA_KAFKA__SESSION_TIMEOUT
  value: {{ $root.Values.kafka.sessionTimeout | quote }}
{{- end }}
{{- with include "kaiwa.env.secrets" (merge (dict "kafka" true "postgres" $worker) .) | trim }}
{{ . }}
{{- end }}
{{- range include "kaiwa.files" . | fromYamlArray }}
- name: {{ .variable }}
  value: /run/kaiwa/{{ .volume }}/{{ .key }}
{{- end }}
{{- if eq .name "dispatcher" }}
- name: KAIWA_META__FACEBOOK_GRAPH_URL
  value: {{ $root.Values.meta.facebookGraphUrl | quote }}
- name: KAIWA_META__INSTAGRAM_GRAPH_URL
  value: {{ $root.Values.meta.instagramGraphUrl | quote }}
- name: KAIWA_META__FACEBOOK_LOGIN_URL
  value: {{ $root.Values.meta.facebookLoginUrl | quote }}
- name: KAIWA_META__INSTAGRAM_LOGIN_URL
  value: {{ $root.Values.meta.instagramLoginUrl | quote }}
- name: KAIWA_META__GRAPH_VERSION
  value: {{ $root.Values.meta.graphVersion | quote }}
{{- end }}
{{- if eq .name "compliance" }}
- name: KAIWA_COMPLIANCE__BOUND
  value: {{ $root.Values.erasure.bound | quote }}
- name: KAIWA_COMPLIANCE__RETENTION
  value: {{ $root.Values.erasure.retention | quote }}
{{- end }}
{{- with include "kaiwa.statusUrl" $root }}
{{- if eq $.name "ingest" }}
- name: KAIWA_INGEST__STATUS_URL
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with $root.Values.otel.endpoint }}
- name: KAIWA_OTEL__ENDPOINT
  value: {{ . | quote }}
{{- if ne (float64 $root.Values.otel.ratio) 1.0 }}
- name: KAIWA_OTEL__RATIO
  value: {{ $root.Values.otel.ratio | quote }}
{{- end }}
{{- end }}
{{- $group := upper .name }}
{{- range $setting, $value := .values.settings }}
{{- if ne (kindOf $value) "invalid" }}
- name: KAIWA_{{ $group }}__{{ $setting | snakecase | upper }}
  value: {{ ternary (toString $value) (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where people see what became of their deletion request: what is said, or what compliance's own door gives. */}}
{{- define "kaiwa.statusUrl" -}}
{{- if .Values.ingest.statusUrl -}}
{{ .Values.ingest.statusUrl }}
{{- else if .Values.compliance.ingress.enabled -}}
https://{{ .Values.compliance.ingress.host }}/deletions/
{{- else if and .Values.compliance.gateway.enabled .Values.compliance.gateway.hostnames -}}
https://{{ first .Values.compliance.gateway.hostnames }}/deletions/
{{- end -}}
{{- end }}

{{/* The mounts of one service; takes root, name, values. */}}
{{- define "kaiwa.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- range $volume := include "kaiwa.volumeNames" . | fromYamlArray }}
- name: {{ $volume }}
  mountPath: /run/kaiwa/{{ $volume }}
  readOnly: true
{{- end }}
{{- range $what := list "secrets" "kafka" }}
{{- with include (printf "kaiwa.mounts.%s" $what) (merge (dict "kafka" true "postgres" (ne $.name "ingest")) $) | trim }}
{{ . }}
{{- end }}
{{- end }}
{{- if and (eq .name "dispatcher") .root.Values.dispatcher.accounts.existingSecret }}
- name: accounts
  mountPath: /run/kaiwa/accounts
  readOnly: true
{{- end }}
{{- with .values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "kaiwa.volumeNames" -}}
{{- $names := list -}}
{{- range include "kaiwa.files" . | fromYamlArray }}{{ $names = append $names .volume }}{{ end -}}
{{ $names | uniq | toJson }}
{{- end }}

{{- define "kaiwa.mounts.kafka" -}}
{{- if .root.Values.kafka.tls.caSecret }}
- name: kafka-ca
  mountPath: /run/kaiwa/kafka-ca
  readOnly: true
{{- end }}
{{- if .root.Values.kafka.tls.certSecret }}
- name: kafka-cert
  mountPath: /run/kaiwa/kafka-cert
  readOnly: true
{{- end }}
{{- end }}

{{/* Secrets are mounted as whole volumes, never by subPath: only so does a changed Secret reach a running pod. */}}
{{- define "kaiwa.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- $files := include "kaiwa.files" . | fromYamlArray }}
{{- range $volume := include "kaiwa.volumeNames" . | fromYamlArray }}
{{- $items := list }}
{{- $secret := "" }}
{{- range $files }}
{{- if eq .volume $volume }}
{{- $secret = .secret }}
{{- $items = append $items (dict "key" .key "path" .key) }}
{{- end }}
{{- end }}
- name: {{ $volume }}
  secret:
    secretName: {{ $secret }}
    defaultMode: 0440
    items:
      {{- toYaml $items | nindent 6 }}
{{- end }}
{{- range $what := list "secrets" "kafka" }}
{{- with include (printf "kaiwa.volumes.%s" $what) (merge (dict "kafka" true "postgres" (ne $.name "ingest")) $) | trim }}
{{ . }}
{{- end }}
{{- end }}
{{- if eq .name "dispatcher" }}
{{- with .root.Values.dispatcher.accounts.existingSecret }}
- name: accounts
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    optional: true  # nothing reads it but a command: accounts may come later
{{- end }}
{{- end }}
{{- with .values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "kaiwa.volumes.kafka" -}}
{{- with .root.Values.kafka.tls }}
{{- if .caSecret }}
- name: kafka-ca
  secret:
    secretName: {{ .caSecret }}
    defaultMode: 0440
    items:
      - {key: {{ .caKey }}, path: {{ .caKey }}}
{{- end }}
{{- if .certSecret }}
- name: kafka-cert
  secret:
    secretName: {{ .certSecret }}
    defaultMode: 0440
    items:
      - {key: {{ .certKey }}, path: {{ .certKey }}}
      - {key: {{ .keyKey }}, path: {{ .keyKey }}}
{{- end }}
{{- end }}
{{- end }}
