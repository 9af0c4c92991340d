{{/* What the world may call; all else of a service (metrics, probes) stays inside. Takes name. */}}
{{- define "kaiwa.paths" -}}
{{- if eq .name "ingest" -}}
[/webhooks/instagram, /callbacks/data-deletion, /callbacks/deauthorize]
{{- else -}}
[/deletions]
{{- end -}}
{{- end }}
