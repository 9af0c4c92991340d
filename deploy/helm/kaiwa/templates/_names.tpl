{{- define "kaiwa.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "kaiwa.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "kaiwa.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "kaiwa.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Selectors are for ever: nothing that may change (a version, a user's label) belongs here. Takes root, name. */}}
{{- define "kaiwa.selector" -}}
app.kubernetes.io/name: {{ include "kaiwa.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/* Takes root, name. */}}
{{- define "kaiwa.labels" -}}
{{ include "kaiwa.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: kaiwa
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The services, in the order in which they are rendered, with the port each listens on. */}}
{{- define "kaiwa.ports" -}}
ingest: 8080
dispatcher: 8081
compliance: 8082
{{- end }}

{{/* The dispatcher's second port, for callers. */}}
{{- define "kaiwa.doorPort" -}}8083{{- end }}

{{/* An image; takes root and the values of one image (repository, tag, digest). */}}
{{- define "kaiwa.image" -}}
{{- $registry := .root.Values.image.registry -}}
{{- with $registry }}{{ . | trimSuffix "/" }}/{{ end -}}
{{- .image.repository -}}
{{- if .image.digest -}}
@{{ .image.digest }}
{{- else -}}
:{{ .image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The image with the command `kaiwa`, for jobs and the test. */}}
{{- define "kaiwa.toolsImage" -}}
{{- $image := ternary .Values.image.tools .Values.dispatcher.image (ne .Values.image.tools.repository "") -}}
{{- include "kaiwa.image" (dict "root" . "image" $image) -}}
{{- end }}

{{- define "kaiwa.serviceAccountName" -}}
{{- if .root.Values.serviceAccount.create -}}
{{ include "kaiwa.fullname" .root }}-{{ .name }}
{{- else -}}
{{ .root.Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}
