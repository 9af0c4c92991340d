{{/*
A job that has to be done before the services of a release start; takes root, name (of the component), image, args, env,
weight, and kafka or postgres where it speaks to them.
It runs before the release's own objects exist, so it leans on none of them (no service account, no config map).
*/}}
{{- define "kaiwa.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "kaiwa.fullname" .root }}-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "kaiwa.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: {{ .weight | quote }}
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: {{ .root.Values.jobs.backoffLimit }}
  ttlSecondsAfterFinished: 86400
  activeDeadlineSeconds: {{ .root.Values.jobs.activeDeadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "kaiwa.labels" . | nindent 8 }}
    spec:
      restartPolicy: Never
      {{- include "kaiwa.podBasics" .root | nindent 6 }}
      containers:
        - name: kaiwa
          image: {{ .image }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          securityContext:
            {{- include "kaiwa.containerSecurity" . | nindent 12 }}
          command: [kaiwa]
          args: {{ toJson .args }}
          env:
            {{- with .env }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with include "kaiwa.env.secrets" . | trim }}
            {{- . | nindent 12 }}
            {{- end }}
          resources:
            {{- toYaml .root.Values.jobs.resources | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- with include "kaiwa.mounts.secrets" . | trim }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- if .kafka }}
            {{- with include "kaiwa.mounts.kafka" . | trim }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
        {{- with include "kaiwa.volumes.secrets" . | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- if .kafka }}
        {{- with include "kaiwa.volumes.kafka" . | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- end }}
      {{- range $field := list "nodeSelector" "tolerations" }}
      {{- with index $.root.Values.jobs $field }}
      {{ $field }}:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
{{- end }}
