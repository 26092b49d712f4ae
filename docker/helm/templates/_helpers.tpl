{{- define "collabry.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}
{{- define "collabry.secret" -}}{{ .Values.existingSecret | default (include "collabry.name" .) }}{{- end }}

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

{{- define "collabry.image" -}}
{{- $root := index . 0 -}}
image: "{{ $root.Values.image.registry }}/{{ index . 1 }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{- end }}

{{/* A pod of a role: who it is, and how it is spread. (list $ "api" uid) */}}
{{- define "collabry.pod" -}}
{{- $root := index . 0 -}}
automountServiceAccountToken: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
# Longer than COLLABRY_DRAIN_SECS and the pause before it.
terminationGracePeriodSeconds: 60
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
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "collabry.selector" (list $root (index $ 1)) | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "collabry.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* What every role of ours has; the number is the port of /health, /ready and /metrics. (list $ 5001) */}}
{{- define "collabry.role" -}}
{{- $root := index . 0 -}}
{{ include "collabry.container" . }}
envFrom:
  - configMapRef: { name: {{ include "collabry.name" $root }} }
  - secretRef: { name: {{ include "collabry.secret" $root }} }
volumeMounts:
  - { name: tmp, mountPath: /tmp }
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
{{- end }}

{{/* A pod whose settings changed is replaced. */}}
{{- define "collabry.checksum" -}}
checksum/settings: {{ include (print .Template.BasePath "/settings.yaml") . | sha256sum }}
{{- end }}
