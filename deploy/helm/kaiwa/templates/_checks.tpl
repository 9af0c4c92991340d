{{/*
What would install and then not work, or work and be unsafe, ends here with a sentence that says what to do. What the
schema can say (types, ranges, names) it says; these are the mixes it cannot.
*/}}
{{- define "kaiwa.check" -}}
{{- $v := .Values -}}
{{- if not $v.kafka.bootstrapServers }}{{ fail "kafka.bootstrapServers is empty: set it to host:port of your Kafka, comma-separated" }}{{ end -}}
{{- if not $v.postgres.existingSecret }}{{ fail "postgres.existingSecret is empty: make a Secret that holds the PostgreSQL URI (kubectl create secret generic kaiwa-postgres --from-literal=dsn=postgresql://…) and name it" }}{{ end -}}
{{- if not $v.keys.existingSecret }}{{ fail "keys.existingSecret is empty: run `kaiwa keys generate DIR`, then kubectl create secret generic kaiwa-keys --from-file=DIR, and name that Secret" }}{{ end -}}
{{- if not $v.meta.existingSecret }}{{ fail "meta.existingSecret is empty: write a file `apps` with a line `app_id secret` for each app secret, then kubectl create secret generic kaiwa-meta --from-file=apps, and name that Secret" }}{{ end -}}
{{- $sasl := hasPrefix "SASL_" $v.kafka.securityProtocol -}}
{{- if and $sasl (not $v.strimzi.users.enabled) (not (and $v.kafka.sasl.username $v.kafka.sasl.existingSecret)) }}{{ fail (printf "kafka.securityProtocol is %s: set kafka.sasl.username and kafka.sasl.existingSecret (a Secret with the password)" $v.kafka.securityProtocol) }}{{ end -}}
{{- if and (not $sasl) (or $v.kafka.sasl.username $v.kafka.sasl.existingSecret) }}{{ fail (printf "kafka.sasl is set but kafka.securityProtocol is %s, which sends no password: set it to SASL_SSL, or empty kafka.sasl" $v.kafka.securityProtocol) }}{{ end -}}
{{- if and (not (hasSuffix "SSL" $v.kafka.securityProtocol)) (or $v.kafka.tls.caSecret $v.kafka.tls.certSecret) }}{{ fail (printf "kafka.tls is set but kafka.securityProtocol is %s, which does not encrypt: set it to SSL or SASL_SSL, or empty kafka.tls" $v.kafka.securityProtocol) }}{{ end -}}
{{- if and $v.topics.dev $v.strimzi.topics.enabled }}{{ fail "topics.dev is for the topics job, and strimzi.topics.enabled replaces that job: set strimzi.topics.replicas and minInSyncReplicas instead" }}{{ end -}}
{{- if and $v.strimzi.users.enabled (not $v.strimzi.topics.enabled) }}{{ fail "strimzi.users.enabled needs strimzi.topics.enabled: the topics job runs before the release, when its user would not exist yet" }}{{ end -}}
{{- if and $v.strimzi.users.enabled (ne $v.kafka.sasl.mechanism "SCRAM-SHA-512") }}{{ fail "strimzi.users.enabled makes SCRAM-SHA-512 users: set kafka.sasl.mechanism to it" }}{{ end -}}
{{- if and $v.strimzi.users.enabled (not $sasl) }}{{ fail "strimzi.users.enabled makes users with passwords: set kafka.securityProtocol to SASL_SSL" }}{{ end -}}
{{- if and (or $v.strimzi.topics.enabled $v.strimzi.users.enabled) (not $v.strimzi.cluster) }}{{ fail "strimzi.cluster is empty: set it to the name of the Kafka resource" }}{{ end -}}
{{- if and $v.strimzi.topics.enabled (gt (int $v.strimzi.topics.minInSyncReplicas) (int $v.strimzi.topics.replicas)) }}{{ fail "strimzi.topics.minInSyncReplicas is above replicas, so nothing could ever be written: lower it, or raise strimzi.topics.replicas" }}{{ end -}}
{{- if and $v.monitoring.podMonitor.enabled $v.monitoring.serviceMonitor.enabled }}{{ fail "monitoring.podMonitor and monitoring.serviceMonitor would scrape every pod twice: enable one of them" }}{{ end -}}
{{- range $name := list "ingest" "compliance" }}
{{- with (index $v $name).ingress }}
{{- if and .enabled (not .host) }}{{ fail (printf "%s.ingress.host is empty: set the name that Meta and people call" $name) }}{{ end -}}
{{- if and .enabled (not .tlsSecret) (not .tlsTerminatedElsewhere) }}{{ fail (printf "%s.ingress has no TLS and Meta calls by HTTPS only: set %s.ingress.tlsSecret, or tlsTerminatedElsewhere: true where something in front does it" $name $name) }}{{ end -}}
{{- end }}
{{- with (index $v $name).gateway }}
{{- if and .enabled (not .parentRefs) }}{{ fail (printf "%s.gateway.parentRefs is empty: name the Gateway that the route belongs to" $name) }}{{ end -}}
{{- end }}
{{- end }}
{{- with $v.ingest.autoscaling }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}{{ fail "ingest.autoscaling.minReplicas is above maxReplicas: exchange them" }}{{ end -}}
{{- end }}
{{- if and $v.ingest.autoscaling.enabled (not ($v.ingest.resources.requests).cpu) }}{{ fail "ingest.autoscaling compares with the CPU request: set ingest.resources.requests.cpu" }}{{ end -}}
{{- range $name := list "dispatcher" "compliance" }}
{{- $worker := index $v $name }}
{{- if and $worker.keda.enabled (gt (int $worker.keda.minReplicas) (int $worker.keda.maxReplicas)) }}{{ fail (printf "%s.keda.minReplicas is above maxReplicas: exchange them" $name) }}{{ end -}}
{{- end }}
{{- $most := ternary $v.compliance.keda.maxReplicas $v.compliance.replicas $v.compliance.keda.enabled }}
{{- if gt (int $most) (int $v.kafka.partitions) }}{{ fail (printf "compliance may have %d pods but the topics have %d partitions, and a pod without a partition does nothing: lower it, or give a new installation more kafka.partitions" (int $most) (int $v.kafka.partitions)) }}{{ end -}}
{{- if and $v.dispatcher.keda.enabled (not $v.dispatcher.keda.prometheusUrl) }}{{ fail "dispatcher.keda scales on the age of what is due, which Prometheus knows: set dispatcher.keda.prometheusUrl" }}{{ end -}}
{{- range $name, $least := dict "ingest" (add 15 $v.ingest.preStopSeconds) "dispatcher" 75 "compliance" 45 }}
{{- if lt (int (index $v $name).terminationGracePeriodSeconds) (int $least) }}{{ fail (printf "%s.terminationGracePeriodSeconds is %d, and an orderly stop may take %d: raise it, or calls are cut off and end in doubt" $name (int (index $v $name).terminationGracePeriodSeconds) (int $least)) }}{{ end -}}
{{- end }}
{{- range $name := list "ingest" "dispatcher" "compliance" }}
{{- $values := index $v $name }}
{{- $it := dict "root" $ "name" $name "values" $values }}
{{- $seen := dict }}
{{- range include "kaiwa.env" $it | fromYamlArray }}
{{- if hasKey $seen .name }}{{ fail (printf "%s.extraEnv sets %s, which the chart sets too: it would be there twice; use the chart's value for it" $name .name) }}{{ end -}}
{{- $_ := set $seen .name true }}
{{- end }}
{{- end }}
{{- if and $v.externalSecrets.enabled (not $v.externalSecrets.storeRef.name) }}{{ fail "externalSecrets.storeRef.name is empty: name the SecretStore or ClusterSecretStore to read from" }}{{ end -}}
{{- if $v.externalSecrets.enabled }}
{{- range $what, $remote := $v.externalSecrets.remoteKeys }}
{{- if and $remote (eq $what "kafka") (not $v.kafka.sasl.existingSecret) }}{{ fail "externalSecrets.remoteKeys.kafka makes the Secret of kafka.sasl.existingSecret: name that" }}{{ end -}}
{{- end }}
{{- end }}
{{- if and (not $v.topics.enabled) (not $v.strimzi.topics.enabled) (not $v.topics.managedElsewhere) }}{{ fail "nothing makes the topics: enable topics or strimzi.topics, or set topics.managedElsewhere: true and run `kaiwa topics apply` yourself" }}{{ end -}}
{{- end }}
