{{- define "collabry.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}
{{- define "collabry.secret" -}}{{ .Values.existingSecret | default (include "collabry.name" .) }}{{- end }}
{{- define "collabry.account" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "collabry.name" .) "default") }}
{{- end }}

{{/* What tells this installation from others that the same Prometheus watches. */}}
{{- define "collabry.installation" -}}{{ .Release.Namespace }}/{{ .Release.Name }}{{- end }}

{{/* Labels of a role: (list $ "api") */}}
{{- define "collabry.selector" -}}
app.kubernetes.io/name: collabry
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}
{{- define "collabry.labels" -}}
{{ include "collabry.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Values.image.tag | default (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end }}

{{/* (list $ "api"): by digest where there is one. */}}
{{- define "collabry.image" -}}
{{- $root := index . 0 -}}
{{- $digest := get $root.Values.image.digests (index . 1) -}}
{{- $version := $digest | empty | ternary (printf ":%s" ($root.Values.image.tag | default $root.Chart.AppVersion)) (printf "@%s" $digest) -}}
image: "{{ $root.Values.image.registry }}/{{ index . 1 }}{{ $version }}"
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{- end }}

{{/* What is said of a role's pods, over what is said of all: (list $ .Values.api), as YAML. */}}
{{- define "collabry.podValues" -}}
{{- mergeOverwrite (deepCopy (index . 0).Values.pod) ((index . 1).pod | default dict) | toYaml -}}
{{- end }}

{{/* The settings of every role: ours, and over them what is set. */}}
{{- define "collabry.settings" -}}
{{- $name := include "collabry.name" . -}}
{{- $urls := list -}}
{{- range until (int .Values.aiEngine.replicas) -}}
{{- $urls = append $urls (printf "http://%s-ai-engine-%d.%s-ai-engine:5100" $name . $name) -}}
{{- end -}}
{{- $ours := dict "COLLABRY_DATA_DIR" "/tmp" "COLLABRY_TRUSTED_PROXIES" (join "," .Values.podNetworks) "COLLABRY_ENGINE_URLS" (join "," $urls) -}}
{{- range $setting, $value := mergeOverwrite $ours .Values.settings }}
{{ $setting }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* Longer than a process has to end, and the pause before it. */}}
{{- define "collabry.grace" -}}
{{ max 60 (add (int (.Values.settings.COLLABRY_DRAIN_SECS | default 20)) 15) }}
{{- end }}

{{/* A pod of a role: who it is, where it runs, and how it is spread. (list $ "api" uid values) */}}
{{- define "collabry.pod" -}}
{{- $root := index . 0 -}}
{{- $pod := include "collabry.podValues" (list $root (index . 3)) | fromYaml -}}
serviceAccountName: {{ include "collabry.account" $root }}
automountServiceAccountToken: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- range $field := list "priorityClassName" "nodeSelector" "tolerations" "affinity" "initContainers" }}
{{- with get $pod $field }}
{{ $field }}: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}
terminationGracePeriodSeconds: {{ include "collabry.grace" $root }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ index . 2 }}
  runAsGroup: {{ index . 2 }}
  fsGroup: {{ index . 2 }}
  seccompProfile: { type: RuntimeDefault }
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $pod.spread }}
    labelSelector:
      matchLabels: {{ include "collabry.selector" (list $root (index $ 1)) | nindent 8 }}
  {{- end }}
{{- end }}

{{/* Labels and annotations of a role's pods: (list $ "api" values). A pod whose settings changed is replaced. */}}
{{- define "collabry.podMeta" -}}
{{- $root := index . 0 -}}
{{- $pod := include "collabry.podValues" (list $root (index . 2)) | fromYaml -}}
labels: {{ mergeOverwrite (include "collabry.labels" (list $root (index . 1)) | fromYaml) $pod.labels | toYaml | nindent 2 }}
annotations:
  checksum/settings: {{ include (print $root.Template.BasePath "/settings.yaml") $root | sha256sum }}
  {{- with $pod.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "collabry.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/*
The keys of the Secret that a role is given, and no others: (list $ "api"). Files of strangers are parsed by the engines, so
least of all they have what signs sign-ins; keys of models are for whoever asks models, and what signs
backups is for whoever makes them. As in docker/compose.yml. `needed` are
those without which it does not start.
*/}}
{{- define "collabry.keys" -}}
{{- $root := index . 0 -}}
{{- $needed := dict
  "api" (list "COLLABRY_JWT_SECRET" "COLLABRY_SERVICE_SECRET")
  "ai-engine" (list "COLLABRY_SERVICE_SECRET")
-}}
{{- $optional := dict
  "api" (list "COLLABRY_ADMIN_EMAILS")
  "ai-engine" (list "COLLABRY_OPENAI_API_KEY" "COLLABRY_ANTHROPIC_API_KEY" "COLLABRY_OPENAI_URL" "COLLABRY_ANTHROPIC_URL" "COLLABRY_OLLAMA_URL")
  "worker" (list "COLLABRY_BACKUP_SIGNING_KEY")
  "backup" (list "COLLABRY_BACKUP_SIGNING_KEY")
  "verify" (list "COLLABRY_BACKUP_SECRET_KEY")
  "restore" (list "COLLABRY_BACKUP_SECRET_KEY")
-}}
{{- $every := list "COLLABRY_S3_ACCESS_KEY_ID" "COLLABRY_S3_SECRET_ACCESS_KEY" "HTTP_PROXY" "HTTPS_PROXY" -}}
{{- /* Any other of `secrets` is for all, as any other line of .env is. */}}
{{- $known := concat $every (list "MONGODB_URI" "REDIS_URL") -}}
{{- range concat (values $needed) (values $optional) }}{{ $known = concat $known . }}{{ end -}}
{{- $all := concat $every $root.Values.secretKeys -}}
{{- range keys $root.Values.secrets | sortAlpha }}{{ if not (has . $known) }}{{ $all = append $all . }}{{ end }}{{ end -}}
needed: {{ concat (list "MONGODB_URI" "REDIS_URL") (get $needed (index . 1) | default list) | toJson }}
optional: {{ concat (get $optional (index . 1) | default list) $all | uniq | toJson }}
{{- end }}

{{/*
The environment of a role that is its own: (list $ values "api"). What `settings` or `extraEnv` name is not taken out of the
Secret.
*/}}
{{- define "collabry.env" -}}
{{- $root := index . 0 -}}
{{- $extra := (include "collabry.podValues" . | fromYaml).extraEnv -}}
{{- $named := keys $root.Values.settings -}}
{{- range $extra }}{{ $named = append $named .name }}{{ end -}}
{{- $keys := include "collabry.keys" (list $root (index . 2)) | fromYaml -}}
{{- range $optional, $names := dict "false" $keys.needed "true" $keys.optional }}
{{- range $name := $names }}
{{- if not (or (has $name $named) (and (eq $optional "true") (not $root.Values.existingSecret) (not (hasKey $root.Values.secrets $name)))) }}
- name: {{ $name }}
  valueFrom: { secretKeyRef: { name: {{ include "collabry.secret" $root }}, key: {{ $name }}, optional: {{ $optional }} } }
{{- end }}
{{- end }}
{{- end }}
{{- with $extra }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where settings come from, and what else is mounted: (list $ values "api") */}}
{{- define "collabry.environment" -}}
{{- $root := index . 0 -}}
{{- $pod := include "collabry.podValues" . | fromYaml -}}
envFrom:
  - configMapRef: { name: {{ include "collabry.name" $root }} }
env: {{- include "collabry.env" . | trim | nindent 2 }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  {{- with $pod.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* (list $ values) */}}
{{- define "collabry.volumes" -}}
{{- $pod := include "collabry.podValues" . | fromYaml -}}
- { name: tmp, emptyDir: { sizeLimit: {{ $pod.tmpSize }} } }
{{- with $pod.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Containers beside a role's own: (list $ values) */}}
{{- define "collabry.sidecars" -}}
{{- with (include "collabry.podValues" . | fromYaml).sidecars }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* What every role of ours has: (list $ values "api") */}}
{{- define "collabry.role" -}}
{{ include "collabry.container" . }}
{{ include "collabry.environment" . }}
startupProbe:
  httpGet: { path: /health, port: internal }
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: { path: /ready, port: internal }
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 2
livenessProbe:
  httpGet: { path: /health, port: internal }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
# Services hear of the end before connections are refused.
lifecycle:
  preStop:
    sleep: { seconds: 5 }
resources: {{ toYaml (index . 1).resources | nindent 2 }}
{{- end }}

{{/* Whether Prometheus' operator is there: `auto` asks the cluster. */}}
{{- define "collabry.monitored" -}}
{{- $there := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" -}}
{{- if or (eq (toString .Values.monitoring.enabled) "true") (and (eq (toString .Values.monitoring.enabled) "auto") $there) }}yes{{ end -}}
{{- end }}
