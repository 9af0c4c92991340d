{{/* What pods may call, as rules of a NetworkPolicy; a rule without `to` allows its ports anywhere. */}}

{{- define "kaiwa.egress.dns" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end }}

{{- define "kaiwa.egress.kafka" -}}
{{- $ports := .Values.networkPolicy.kafkaPorts -}}
{{- if not $ports }}
{{- range splitList "," .Values.kafka.bootstrapServers }}{{ $ports = append $ports (int (last (splitList ":" (trim .)))) }}{{ end -}}
{{- end -}}
- ports:
    {{- range $port := $ports | uniq }}
    - {port: {{ $port }}, protocol: TCP}
    {{- end }}
  {{- with .Values.networkPolicy.kafkaTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "kaiwa.egress.postgres" -}}
- ports:
    - {port: {{ .Values.postgres.port }}, protocol: TCP}
  {{- with .Values.networkPolicy.postgresTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "kaiwa.egress.otel" -}}
{{- with .Values.otel.endpoint -}}
{{- $url := urlParse . -}}
{{- $host := splitList ":" $url.host -}}
- ports:
    - {port: {{ ternary (last $host) (ternary "443" "80" (eq $url.scheme "https")) (gt (len $host) 1) }}, protocol: TCP}
  {{- with $.Values.networkPolicy.otelTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "kaiwa.egress.meta" -}}
- ports:
    - {port: 443, protocol: TCP}
  to:
    {{- if .Values.networkPolicy.metaTo }}
    {{- toYaml .Values.networkPolicy.metaTo | nindent 4 }}
    {{- else }}
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
    - ipBlock:
        cidr: ::/0
        except: [fc00::/7, fe80::/10]
    {{- end }}
{{- end }}
