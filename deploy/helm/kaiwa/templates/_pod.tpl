{{/* The restricted profile of Kubernetes' pod security standards, for every pod that this chart makes. */}}
{{- define "kaiwa.podSecurity" -}}
runAsNonRoot: true
{{- range $field := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- $id := index $.Values.podSecurity $field }}
{{- if not (kindIs "invalid" $id) }}
{{ $field }}: {{ int64 $id }}
{{- end }}
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "kaiwa.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- end }}

{{/* What every pod says, whatever runs in it: takes root. */}}
{{- define "kaiwa.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false  # a Service called kaiwa-… would otherwise become KAIWA_… variables
securityContext:
  {{- include "kaiwa.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Takes root, name: pods of one component apart from each other, over zones first. */}}
{{- define "kaiwa.spread" -}}
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: {{ $.root.Values.topologySpread.whenUnsatisfiable }}
  labelSelector:
    matchLabels:
      {{- include "kaiwa.selector" $ | nindent 6 }}
  matchLabelKeys: [{{ ternary "pod-template-hash" "controller-revision-hash" (eq $.name "ingest") }}]
{{- end }}
{{- end }}

{{/*
The pod of a service; takes root, name, values.
Liveness is the event loop's heartbeat and the progress watchdog, never whether Kafka or PostgreSQL can be reached: a
restart mends neither, and all pods would restart at once. A worker opens its port once it is connected; until then the
startup probe waits for it.
*/}}
{{- define "kaiwa.pod" -}}
metadata:
  labels:
    {{- include "kaiwa.labels" . | nindent 4 }}
    {{- with .values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "kaiwa.serviceAccountName" . }}
  {{- include "kaiwa.podBasics" .root | nindent 2 }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- if .root.Values.topologySpread.enabled }}
  topologySpreadConstraints:
    {{- include "kaiwa.spread" . | trim | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .name }}
      image: {{ include "kaiwa.image" (dict "root" .root "image" .values.image) }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      securityContext:
        {{- include "kaiwa.containerSecurity" . | nindent 8 }}
      ports:
        - name: http
          containerPort: {{ get (include "kaiwa.ports" . | fromYaml) .name }}
        {{- if and (eq .name "dispatcher") .values.door.enabled }}
        - name: door
          containerPort: {{ include "kaiwa.doorPort" .root }}
        {{- end }}
      env:
        {{- include "kaiwa.env" . | nindent 8 }}
      startupProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if eq .name "ingest" }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ .values.preStopSeconds }}
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        {{- include "kaiwa.mounts" . | nindent 8 }}
  volumes:
    {{- include "kaiwa.volumes" . | nindent 4 }}
  {{- range $field := list "nodeSelector" "tolerations" "affinity" }}
  {{- with index $.values $field }}
  {{ $field }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}
