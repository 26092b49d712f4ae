// The Helm chart, rendered and checked against the schemas of Kubernetes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const CHART = join(ROOT, "docker/helm");
const KUBERNETES = "1.34";
/** Of Prometheus' operator, whose schemas are not Kubernetes'. */
const OTHERS = ["ServiceMonitor", "PrometheusRule"];
/** Of the Gateway API, whose schemas are nowhere here. */
const UNKNOWN = ["HTTPRoute"];
/** What a cluster with Prometheus' operator says of itself. */
const OPERATOR = ["--api-versions", "monitoring.coreos.com/v1/ServiceMonitor"];

const run = promisify(execFile);
const script = async (...args) => (await run(join(ROOT, "scripts", args[0]), args.slice(1))).stdout.trim();
const [helm, python, operator] = await Promise.all([script("go-tool.sh", "helm"), script("kubernetes-validate.sh"), script("monitoring-schemas.sh")]);

const folder = await mkdtemp(join(tmpdir(), "collabry-helm-"));
after(() => rm(folder, { recursive: true }));

const SECRETS = ["MONGODB_URI", "REDIS_URL", "COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET"];
const host = ["--set", "ingress.host=chat.example.org"];
const secrets = [...SECRETS.flatMap((name) => ["--set", `secrets.${name}=something`]), ...host];

/** The resources that the chart makes. @param {...string} settings */
const rendered = (...settings) => renderedOf(CHART, ...settings);

/** @param {string} chart @param {...string} settings @returns {Promise<any[]>} */
async function renderedOf(chart, ...settings) {
  const { stdout } = await run(helm, ["template", "try", chart, "--kube-version", KUBERNETES, ...settings]);
  const file = join(folder, "rendered.yaml");
  await writeFile(file, stdout);
  return documents(file);
}

/** What is in a file of YAML. @returns {Promise<any[]>} */
async function documents(file) {
  const toJson = "import json, sys, yaml; print(json.dumps([d for d in yaml.safe_load_all(open(sys.argv[1])) if d]))";
  return JSON.parse((await run(join(python, "python"), ["-c", toJson, file])).stdout);
}

/** @param {any[]} resources */
async function validate(resources) {
  const ours = resources.filter(({ kind }) => ![...OTHERS, ...UNKNOWN].includes(kind));
  const files = await Promise.all(ours.map(async (resource, n) => {
    const file = join(folder, `${n}.yaml`);
    // JSON is YAML.
    await writeFile(file, JSON.stringify(resource));
    return file;
  }));
  await run(join(python, "kubernetes-validate"), ["--strict", "--kubernetes-version", KUBERNETES, ...files]);
  for (const resource of resources.filter(({ kind }) => OTHERS.includes(kind))) await validateMonitoring(resource);
}

async function validateMonitoring(resource) {
  const definition = join(operator, `monitoring.coreos.com_${resource.kind.toLowerCase()}s.yaml`);
  const file = join(folder, "monitoring.json");
  await writeFile(file, JSON.stringify(resource));
  await run(join(python, "python"), [join(import.meta.dirname, "custom_resource.py"), definition, file]);
}

const of = (resources, kind, name) => resources.find((one) => one.kind === kind && one.metadata.name === name);

test("helm finds nothing to complain of", async () => {
  await run(helm, ["lint", "--strict", CHART, "--kube-version", KUBERNETES, ...secrets]);
});

test("what it renders is valid, with all and with as little as possible", async (t) => {
  const everything = ["gateway.enabled=true", "gateway.parentRefs[0].name=public", "monitoring.dashboards=true", "nginx.service.type=LoadBalancer", "nginx.service.sticky=true"];
  const all = await rendered(...secrets, ...OPERATOR, ...everything.flatMap((setting) => ["--set", setting]));
  await validate(all);
  await validate(await rendered(...secrets));
  const little = ["existingSecret=mine", "api.autoscaling.enabled=false", "ingress.enabled=false", "monitoring.enabled=false", "networkPolicies.enabled=false"];
  const least = await rendered(...little.flatMap((setting) => ["--set", setting]));
  await validate(least);
  t.diagnostic(`${all.length} and ${least.length} resources`);
  const broken = structuredClone(all);
  of(broken, "Deployment", "try-worker").spec.replicaz = 1;
  await assert.rejects(validate(broken), "a wrong field is noticed");
  const deaf = structuredClone(all);
  of(deaf, "ServiceMonitor", "try").spec.endpoints[0].intervall = "15s";
  await assert.rejects(validate(deaf), "also of what is not Kubernetes' own");
});

test("without secrets it is not rendered", async () => {
  await assert.rejects(rendered(...host), /secrets\.\w+ is not set, and neither is existingSecret/);
});

test("the ai-engines are reached by apis only, which know them by name", async () => {
  const all = await rendered(...secrets, "--set", "aiEngine.replicas=3");
  const { spec } = of(all, "NetworkPolicy", "try-ai-engine");
  const engine = of(all, "StatefulSet", "try-ai-engine").spec;
  assert.deepEqual(spec.podSelector.matchLabels, engine.selector.matchLabels);
  const onHttp = spec.ingress.filter(({ ports }) => ports.some(({ port }) => port === "http"));
  const components = onHttp.flatMap(({ from }) => from.map((peer) => peer.podSelector.matchLabels["app.kubernetes.io/component"]));
  assert.deepEqual(components, ["api"]);
  const urls = of(all, "ConfigMap", "try").data.COLLABRY_ENGINE_URLS.split(",");
  assert.deepEqual(urls, [0, 1, 2].map((n) => `http://try-ai-engine-${n}.try-ai-engine:5100`));
  assert.equal(engine.serviceName, "try-ai-engine");
});

test("apis grow with CPU and streams, and end one after the other", async () => {
  const all = await rendered(...secrets, "--set", "api.autoscaling.streamsMetric=collabry_streams");
  const { metrics, scaleTargetRef } = of(all, "HorizontalPodAutoscaler", "try-api").spec;
  assert.equal(scaleTargetRef.name, "try-api");
  assert.deepEqual(metrics.map(({ type }) => type), ["Resource", "Pods"]);
  const alone = of(await rendered(...secrets), "HorizontalPodAutoscaler", "try-api").spec.metrics;
  assert.deepEqual(alone.map(({ type }) => type), ["Resource"], "no adapter is asked for what it may not have");
  const documented = await readFile(join(ROOT, "docs/metrics.md"), "utf8");
  assert.ok(documented.includes(`| \`${metrics[1].pods.metric.name}\` | gauge |`), "there is such a metric");
  const api = of(all, "Deployment", "try-api").spec;
  assert.equal(api.replicas, undefined, "the number is the autoscaler's");
  assert.deepEqual(api.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  assert.equal(of(all, "PodDisruptionBudget", "try-api").spec.maxUnavailable, 1);
  assert.deepEqual([of(all, "Deployment", "try-worker").spec.replicas, of(all, "Deployment", "try-worker").spec.strategy.type], [1, "Recreate"]);
});

test("every container is looked after", async () => {
  const workloads = (await rendered(...secrets)).filter(({ spec }) => spec?.template);
  assert.equal(workloads.length, 4);
  for (const { metadata, spec: { template } } of workloads) {
    const [container] = template.spec.containers;
    assert.ok(container.readinessProbe && container.livenessProbe && container.resources.requests, metadata.name);
    assert.equal(template.spec.topologySpreadConstraints.length, 2);
  }
});

/** What the Pod Security Standard "restricted" demands, and a file system that nobody writes to. */
function assertRestricted(name, { securityContext, containers, initContainers = [], volumes = [], ...pod }) {
  assert.equal(securityContext.runAsNonRoot, true, name);
  assert.ok(securityContext.runAsUser > 0, name);
  assert.deepEqual(securityContext.seccompProfile, { type: "RuntimeDefault" }, name);
  for (const container of [...containers, ...initContainers]) {
    const { allowPrivilegeEscalation, capabilities, readOnlyRootFilesystem, ...more } = container.securityContext;
    assert.deepEqual({ allowPrivilegeEscalation, capabilities, readOnlyRootFilesystem }, { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, readOnlyRootFilesystem: true }, name);
    assert.deepEqual(more, {}, `${name}: nothing that would weaken it`);
    assert.ok((container.ports ?? []).every(({ hostPort }) => hostPort === undefined), name);
  }
  for (const field of ["hostNetwork", "hostPID", "hostIPC"]) assert.equal(pod[field], undefined, name);
  assert.equal(pod.automountServiceAccountToken, false, name);
  const kinds = volumes.flatMap(({ name, ...kind }) => Object.keys(kind));
  assert.ok(kinds.every((kind) => ["emptyDir", "secret", "configMap"].includes(kind)), `${name}: ${kinds}`);
}

test("every pod may run in a namespace that enforces the Pod Security Standard restricted", async () => {
  const all = [
    ...(await rendered(...host, "--set", "existingSecret=mine")),
    ...(await rendered(...secrets, "-s", "templates/job.yaml", "--set", "job.command=restore", "--set", "job.identitySecret=key")),
  ];
  const pods = all.flatMap(({ kind, metadata, spec }) => (kind === "Pod" ? [[metadata.name, spec]] : spec?.template ? [[metadata.name ?? metadata.generateName, spec.template.spec]] : []));
  assert.deepEqual(pods.map(([name]) => name).sort(), ["try-ai-engine", "try-api", "try-check", "try-nginx", "try-restore-", "try-test", "try-worker"]);
  for (const [name, pod] of pods) assertRestricted(name, pod);
  const root = structuredClone(pods[0][1]);
  root.securityContext.runAsNonRoot = false;
  assert.throws(() => assertRestricted("root", root));
  const labels = await readFile(join(CHART, "README.md"), "utf8");
  assert.match(labels, /pod-security\.kubernetes\.io\/enforce=restricted/, "the README names the namespace's label");
});

/** The container of a role, or of a Job. */
const containerOf = (all, name) => all.find(({ metadata, spec }) => (metadata.name ?? metadata.generateName) === `try-${name}` && spec?.template).spec.template.spec.containers[0];
/** The keys of a Secret that a container is given, and without which of them it does not start. */
function keysOf({ env = [], envFrom = [] }, secret) {
  assert.deepEqual(envFrom.filter(({ secretRef }) => secretRef), [], "nobody is given the whole Secret");
  const refs = env.flatMap(({ name, valueFrom }) => (valueFrom?.secretKeyRef ? [{ variable: name, ...valueFrom.secretKeyRef }] : []));
  assert.ok(refs.every(({ variable, key, name }) => variable === key && name === secret));
  return { all: refs.map(({ key }) => key).sort(), needed: refs.filter(({ optional }) => !optional).map(({ key }) => key).sort() };
}

test("what is set and no secret reaches every role", async () => {
  const all = await rendered(...secrets, "--set", "settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "--set-string", "settings.COLLABRY_TRACE_SAMPLE=0.5");
  const { data } = of(all, "ConfigMap", "try");
  assert.deepEqual([data.OTEL_EXPORTER_OTLP_ENDPOINT, data.COLLABRY_TRACE_SAMPLE], ["http://collector:4318", "0.5"]);
  for (const name of ["api", "ai-engine", "worker"]) {
    assert.deepEqual(containerOf(all, name).envFrom, [{ configMapRef: { name: "try" } }], name);
  }
});

const STORES = ["MONGODB_URI", "REDIS_URL"];
const EVERYONE = ["COLLABRY_S3_ACCESS_KEY_ID", "COLLABRY_S3_SECRET_ACCESS_KEY", "HTTPS_PROXY", "HTTP_PROXY"];
const MODELS = ["COLLABRY_ANTHROPIC_API_KEY", "COLLABRY_ANTHROPIC_URL", "COLLABRY_OLLAMA_URL", "COLLABRY_OPENAI_API_KEY", "COLLABRY_OPENAI_URL"];

test("each role is given the keys of the Secret that it uses, and no others", async () => {
  const set = ["--set", "existingSecret=mine", "--set", "secretKeys={COLLABRY_MINE}"];
  const all = await rendered(...host, ...set);
  const job = (command) => rendered(...host, ...set, "-s", "templates/job.yaml", "--set", `job.command=${command}`);
  const jobs = [...(await job("backup")), ...(await job("verify"))];
  const expected = {
    api: { needed: [...STORES, "COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET"], optional: ["COLLABRY_ADMIN_EMAILS"] },
    "ai-engine": { needed: [...STORES, "COLLABRY_SERVICE_SECRET"], optional: MODELS },
    worker: { needed: STORES, optional: ["COLLABRY_BACKUP_SIGNING_KEY"] },
    // The first replica to look at a new version is an api.
    check: { needed: [...STORES, "COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET"], optional: ["COLLABRY_ADMIN_EMAILS"] },
    "backup-": { needed: STORES, optional: ["COLLABRY_BACKUP_SIGNING_KEY"] },
    "verify-": { needed: STORES, optional: ["COLLABRY_BACKUP_SECRET_KEY"] },
  };
  for (const [name, { needed, optional }] of Object.entries(expected)) {
    const keys = keysOf(containerOf([...all, ...jobs], name), "mine");
    assert.deepEqual(keys, { all: [...needed, ...optional, ...EVERYONE, "COLLABRY_MINE"].sort(), needed: [...needed].sort() }, name);
  }
  assert.equal(containerOf(all, "nginx").env.some(({ valueFrom }) => valueFrom), false, "nginx has none");

  // The same division as that of Compose.
  const [{ services }] = await documents(join(ROOT, "docker/compose.yml"));
  for (const [role, service] of Object.entries({ api: "api", "ai-engine": "ai-engine-1", worker: "worker" })) {
    const keys = keysOf(containerOf(all, role), "mine").all;
    for (const key of ["COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET", "COLLABRY_OPENAI_API_KEY", "COLLABRY_ANTHROPIC_API_KEY", "COLLABRY_BACKUP_SIGNING_KEY"]) {
      assert.equal(keys.includes(key), services[service].environment[key] !== "", `${role}: ${key}`);
    }
  }

  const readme = await readFile(join(CHART, "README.md"), "utf8");
  for (const key of [...Object.values(expected).flatMap(({ needed, optional }) => [...needed, ...optional]), ...EVERYONE]) {
    assert.ok(readme.includes(`\`${key}\``), `the README names ${key}`);
  }
});

test("a Secret that the chart makes reaches whoever uses it, and settings go before it", async () => {
  const more = ["COLLABRY_OPENAI_API_KEY", "COLLABRY_S3_SECRET_ACCESS_KEY", "COLLABRY_UNHEARD_OF"];
  const all = await rendered(...secrets, ...more.flatMap((name) => ["--set", `secrets.${name}=something`]), "--set", "settings.REDIS_URL=redis://here");
  await validate(all);
  const { api, engine, worker } = { api: containerOf(all, "api"), engine: containerOf(all, "ai-engine"), worker: containerOf(all, "worker") };
  const needed = SECRETS.filter((name) => name !== "REDIS_URL");
  assert.deepEqual(keysOf(api, "try").all, [...needed, "COLLABRY_S3_SECRET_ACCESS_KEY", "COLLABRY_UNHEARD_OF"].sort());
  assert.deepEqual(keysOf(engine, "try").all, [...more, "COLLABRY_SERVICE_SECRET", "MONGODB_URI"].sort());
  assert.deepEqual(keysOf(worker, "try").all, ["COLLABRY_S3_SECRET_ACCESS_KEY", "COLLABRY_UNHEARD_OF", "MONGODB_URI"].sort());
  const own = await rendered(...host, "--set", "existingSecret=mine", "--set", "aiEngine.pod.extraEnv[0].name=COLLABRY_OPENAI_API_KEY", "--set", "aiEngine.pod.extraEnv[0].value=own");
  const named = containerOf(own, "ai-engine").env.filter(({ name }) => name === "COLLABRY_OPENAI_API_KEY");
  assert.deepEqual(named, [{ name: "COLLABRY_OPENAI_API_KEY", value: "own" }]);
});

test("Prometheus finds every role and nginx, and tells releases apart", async () => {
  const all = await rendered(...secrets, ...OPERATOR, "--namespace", "people", "--set", "monitoring.labels.release=stack");
  const { metadata, spec: { selector, endpoints: [endpoint] } } = of(all, "ServiceMonitor", "try");
  const scraped = all.filter(({ kind, metadata, spec }) => kind === "Service" &&
    Object.entries(selector.matchLabels).every(([name, value]) => metadata.labels[name] === value) &&
    spec.ports.some(({ name }) => name === endpoint.port));
  assert.deepEqual(scraped.map(({ metadata }) => metadata.name).sort(), ["try-ai-engine", "try-api", "try-nginx", "try-worker"]);
  assert.equal(metadata.labels.release, "stack");
  // What our metrics call `service` and `endpoint` would be renamed otherwise, and alerts would ask for nothing.
  assert.equal(endpoint.honorLabels, true);
  assert.deepEqual(endpoint.relabelings, [{ targetLabel: "installation", replacement: "people/try" }]);
});

test("the alerts are those of docker/observability, whatever the release is called", async () => {
  const all = await rendered(...secrets, ...OPERATOR, "--set", "monitoring.runbooks=https://example.org/runbooks");
  const { groups } = of(all, "PrometheusRule", "try").spec;
  const text = JSON.stringify(groups);
  const names = [...(await readFile(join(ROOT, "docker/observability/alerts.yml"), "utf8")).matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  assert.deepEqual(groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)), names);
  assert.ok(!text.includes("externalLabels") && text.includes("https://example.org/runbooks#collabryredisdown"));
  assert.ok(!/job=/.test(text), "no rule asks for the name of a job");
  const file = join(folder, "rules.json");
  await writeFile(file, JSON.stringify({ groups }));
  await run("promtool", ["check", "rules", file]);
});

test("volumes of stores and backups that are named are watched", async () => {
  const volumes = ["--set", "monitoring.volumes[0].namespace=mongodb", "--set", "monitoring.volumes[0].claims=data-.*"];
  const all = await rendered(...secrets, ...OPERATOR, ...volumes);
  await validate(all);
  const file = join(folder, "volumes.json");
  await writeFile(file, JSON.stringify({ groups: of(all, "PrometheusRule", "try").spec.groups }));
  const series = (namespace, claim, free) => [["available", free], ["capacity", 100]].map(([what, bytes]) => ({
    series: `kubelet_volume_stats_${what}_bytes{namespace="${namespace}",persistentvolumeclaim="${claim}",node="a"}`,
    values: `${bytes}x20`,
  }));
  const tested = join(folder, "volumes-test.json");
  const labels = { severity: "page", installation: "default/try", namespace: "mongodb", persistentvolumeclaim: "data-0" };
  const exp_annotations = { summary: "Only 9% of the volume mongodb/data-0 are free", runbook_url: "docs/runbooks.md#collabryvolumefull" };
  await writeFile(tested, JSON.stringify({
    rule_files: [file],
    evaluation_interval: "1m",
    tests: [{
      interval: "1m",
      input_series: [...series("mongodb", "data-0", 9), ...series("mongodb", "data-1", 50), ...series("mongodb", "other", 1), ...series("people", "data-0", 1)],
      alert_rule_test: [{ eval_time: "10m", alertname: "CollabryVolumeFull", exp_alerts: [{ exp_labels: labels, exp_annotations }] }],
    }],
  }));
  await run("promtool", ["test", "rules", tested]).catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`));
});

test("a cluster without Prometheus' operator gets nothing of it", async () => {
  const kinds = new Set((await rendered(...secrets)).map(({ kind }) => kind));
  assert.deepEqual(OTHERS.filter((kind) => kinds.has(kind)), []);
  const wanted = await rendered(...secrets, "--set", "monitoring.enabled=true");
  assert.ok(of(wanted, "ServiceMonitor", "try"));
  const off = await rendered(...secrets, ...OPERATOR, "--set", "monitoring.enabled=false");
  assert.equal(of(off, "ServiceMonitor", "try"), undefined);
});

test("the ingress is anybody's, and what ingress-nginx needs is there for it alone", async () => {
  const annotations = async (...settings) => of(await rendered(...secrets, ...settings), "Ingress", "try-nginx").metadata.annotations;
  assert.equal(await annotations(), undefined);
  const nginx = await annotations("--set", "ingress.className=nginx", "--set-string", "ingress.annotations.nginx\\.ingress\\.kubernetes\\.io/proxy-read-timeout=60");
  assert.equal(nginx["nginx.ingress.kubernetes.io/affinity"], "cookie");
  assert.equal(nginx["nginx.ingress.kubernetes.io/proxy-buffering"], "off");
  assert.equal(nginx["nginx.ingress.kubernetes.io/proxy-read-timeout"], "60", "ours are defaults");
  const others = await annotations("--set", "ingress.className=traefik", "--set", "ingress.annotations.cert-manager\\.io/issuer=ours");
  assert.deepEqual(others, { "cert-manager.io/issuer": "ours" });
  await assert.rejects(rendered(...secrets, "--set", "ingress.host="), /ingress\.host is not set/);
  const { spec } = of(await rendered(...secrets, "--set", "gateway.enabled=true", "--set", "gateway.parentRefs[0].name=public"), "HTTPRoute", "try-nginx");
  assert.deepEqual([spec.parentRefs, spec.rules[0].backendRefs], [[{ name: "public" }], [{ name: "try-nginx", port: 80 }]]);
});

test("values that the chart does not know are refused", async () => {
  for (const typo of ["api.replica=3", "monitoring.enable=true", "settings.COLABRY_LOG=info", "podNetwork=10.0.0.0/8", "nginx.service.type=loadbalancer"]) {
    await assert.rejects(rendered(...secrets, "--set", typo), /don't meet the specifications of the schema/, typo);
  }
});

test("several networks reach each side in its own words, and a setting overrides", async () => {
  const networks = ["--set", "podNetworks={10.0.0.0/8,fd00::/8}"];
  const all = await rendered(...secrets, ...networks);
  assert.equal(of(all, "ConfigMap", "try").data.COLLABRY_TRUSTED_PROXIES, "10.0.0.0/8,fd00::/8");
  const trusted = (all) => of(all, "Deployment", "try-nginx").spec.template.spec.containers[0].env.find(({ name }) => name === "NGINX_TRUSTED_PROXIES").value;
  assert.equal(trusted(all), "10.0.0.0/8 fd00::/8");
  assert.equal(trusted(await rendered(...secrets, ...networks, "--set", "ingress.networks={192.0.2.0/24}")), "192.0.2.0/24");
  // Without a controller anybody may reach nginx, also from within these networks.
  const open = [...secrets, ...networks, "--set", "ingress.enabled=false", "--set", "nginx.service.type=LoadBalancer"];
  assert.equal(trusted(await rendered(...open)), "");
  assert.equal(trusted(await rendered(...open, "--set", "ingress.networks={192.0.2.0/24}")), "192.0.2.0/24");
  const { data } = of(await rendered(...secrets, "--set", "settings.COLLABRY_TRUSTED_PROXIES=192.0.2.7"), "ConfigMap", "try");
  assert.equal(data.COLLABRY_TRUSTED_PROXIES, "192.0.2.7");
});

test("pods can be adapted, all of them or those of a role", async () => {
  const file = join(folder, "adapted.json");
  await writeFile(file, JSON.stringify({
    image: { registry: "r", digests: { worker: `sha256:${"0".repeat(64)}` } },
    serviceAccount: { annotations: { "eks.amazonaws.com/role-arn": "arn" } },
    pod: {
      annotations: { a: "all" },
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "spot", operator: "Exists" }],
      priorityClassName: "high",
      extraEnv: [{ name: "COLLABRY_REDIS_CA", value: "/ca/ca.pem" }],
      extraVolumes: [{ name: "ca", secret: { secretName: "ca" } }],
      extraVolumeMounts: [{ name: "ca", mountPath: "/ca" }],
      sidecars: [{ name: "beside", image: "beside:1" }],
      tmpSize: "1Gi",
    },
    worker: { pod: { priorityClassName: "low", labels: { team: "night" } } },
    settings: { COLLABRY_DRAIN_SECS: 90 },
  }));
  const all = await rendered(...secrets, "-f", file);
  await validate(all);
  for (const { metadata, spec: { template } } of all.filter(({ spec }) => spec?.template)) {
    const { spec } = template;
    const [container, beside] = spec.containers;
    assert.deepEqual([spec.nodeSelector.disk, spec.tolerations[0].key, spec.serviceAccountName, beside.name], ["ssd", "spot", "try", "beside"], metadata.name);
    assert.ok(container.env.some(({ name }) => name === "COLLABRY_REDIS_CA") && container.volumeMounts.some(({ name }) => name === "ca"));
    assert.equal(spec.volumes.find(({ name }) => name === "tmp").emptyDir.sizeLimit, "1Gi");
    assert.ok(spec.terminationGracePeriodSeconds > 90, "longer than a process takes to end");
    assert.equal(template.metadata.annotations.a, "all");
  }
  const worker = of(all, "Deployment", "try-worker").spec.template;
  assert.deepEqual([worker.spec.priorityClassName, worker.metadata.labels.team], ["low", "night"]);
  assert.equal(worker.spec.containers[0].image, `r/worker@sha256:${"0".repeat(64)}`);
  assert.equal(of(all, "Deployment", "try-api").spec.template.spec.priorityClassName, "high");
  assert.equal(of(all, "ServiceAccount", "try").metadata.annotations["eks.amazonaws.com/role-arn"], "arn");
});

test("roles go nowhere but where they have to", async () => {
  const all = await rendered(...secrets);
  const egress = (role) => of(all, "NetworkPolicy", `try-${role}`).spec.egress;
  const components = (rules) => rules.flatMap(({ to = [] }) => to.flatMap((peer) => peer.podSelector?.matchLabels["app.kubernetes.io/component"] ?? []));
  assert.deepEqual(components(egress("nginx")), ["api"]);
  assert.ok(!JSON.stringify(egress("nginx")).includes("ipBlock"), "nginx goes nowhere else");
  for (const role of ["api", "ai-engine", "worker"]) {
    assert.ok(JSON.stringify(egress(role)).includes("169.254.0.0/16"), `${role}: not to the machine's own data`);
  }
});

test("backup, verify and restore are Jobs that are rendered alone, while nothing of ours runs", async () => {
  assert.equal((await rendered(...secrets)).find(({ kind }) => kind === "Job"), undefined);
  const alone = async (...settings) => rendered(...secrets, "-s", "templates/job.yaml", ...settings.flatMap((one) => ["--set", one]));
  for (const command of ["backup", "verify", "restore"]) {
    const jobs = await alone(`job.command=${command}`, "job.identitySecret=key");
    assert.equal(jobs.length, 1);
    await validate(jobs.map(({ metadata, ...job }) => ({ ...job, metadata: { name: "try", labels: metadata.labels } })));
    const { containers: [container], volumes, restartPolicy } = jobs[0].spec.template.spec;
    assert.deepEqual(container.args, [command, "--identity", "/etc/collabry/identity/key"].slice(0, command === "backup" ? 1 : 3));
    assert.equal(restartPolicy, "Never");
    assert.equal(volumes.some(({ name }) => name === "identity"), command !== "backup");
  }
  await assert.rejects(alone("job.command=purge"), /schema/);
  const stopped = await rendered(...secrets, "--set", "stopped=true");
  const replicas = ["try-api", "try-worker"].map((name) => of(stopped, "Deployment", name).spec.replicas);
  assert.deepEqual([...replicas, of(stopped, "StatefulSet", "try-ai-engine").spec.replicas], [0, 0, 0]);
  assert.equal(of(stopped, "HorizontalPodAutoscaler", "try-api"), undefined, "nobody starts them again");
});

test("an upgrade looks first, with the new settings", async () => {
  const all = await rendered(...host, "--set", "existingSecret=mine", "--set", "settings.COLLABRY_LOG=debug");
  const { metadata, spec } = of(all, "Job", "try-check");
  assert.equal(metadata.annotations["helm.sh/hook"], "pre-upgrade");
  const [container] = spec.template.spec.containers;
  assert.deepEqual(container.args, ["check"]);
  assert.ok(container.env.some(({ name, value }) => name === "COLLABRY_LOG" && value === "debug"));
});

test("engines that are not ready are still found, and say what they lack", async () => {
  const all = await rendered(...secrets);
  // nginx and the apis ask each one themselves: a name that vanishes from the DNS would be taken for one that is gone.
  for (const name of ["try-ai-engine", "try-api"]) {
    const { clusterIP, publishNotReadyAddresses } = of(all, "Service", name).spec;
    assert.deepEqual([clusterIP, publishNotReadyAddresses], ["None", true], name);
  }
  for (const name of ["try-worker", "try-nginx"]) assert.equal(of(all, "Service", name).spec.publishNotReadyAddresses, undefined, name);
});

test("who comes from one address stays with one nginx, when that is asked for", async () => {
  const affinity = async (...settings) => of(await rendered(...secrets, ...settings), "Service", "try-nginx").spec.sessionAffinity;
  assert.equal(await affinity(), undefined);
  assert.equal(await affinity("--set", "nginx.service.sticky=true"), "ClientIP");
});

test("helm test asks through nginx, and the network policies let it", async () => {
  const all = await rendered(...secrets);
  const { metadata, spec } = of(all, "Pod", "try-test");
  assert.equal(metadata.annotations["helm.sh/hook"], "test");
  assert.equal(spec.restartPolicy, "Never");
  const [{ command }] = spec.containers;
  const [{ port, targetPort }] = of(all, "Service", "try-nginx").spec.ports;
  assert.ok(command.at(-1).includes(`/dev/tcp/try-nginx/${port}`), command.at(-1));
  const nginx = of(all, "NetworkPolicy", "try-nginx").spec.ingress;
  const lets = nginx.filter(({ from = [] }) => from.some((peer) => peer.podSelector && Object.entries(peer.podSelector.matchLabels).every(([name, value]) => metadata.labels[name] === value)));
  assert.deepEqual(lets.flatMap(({ ports }) => ports.map(({ port }) => port)), [targetPort]);
  // It is a script: against an api's 401 it goes well, against nginx' 503 it does not.
  const script = command.at(-1);
  for (const [status, well] of /** @type {[number, boolean][]} */ ([[401, true], [503, false]])) {
    const server = createServer((_, response) => response.writeHead(status).end());
    await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
    const here = script.replace("try-nginx/80", `127.0.0.1/${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`);
    const went = await run(command[0], [...command.slice(1, -1), here]).then(({ stdout }) => stdout, () => "");
    server.close();
    assert.equal(went.includes("GET /api/auth/me: 401"), well, String(status));
  }
});

/** NOTES.txt, which `helm template` leaves out, as a part of a ConfigMap. */
async function notes(...settings) {
  const chart = join(folder, "chart");
  await cp(CHART, chart, { recursive: true, dereference: true });
  await cp(join(CHART, "templates/NOTES.txt"), join(chart, "notes"));
  await writeFile(join(chart, "templates/notes.yaml"), 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes }\ndata: { notes: {{ tpl (.Files.Get "notes") . | toJson }} }\n');
  return of(await renderedOf(chart, ...settings), "ConfigMap", "notes").data.notes;
}

test("the notes say how to look, and what is still missing", async () => {
  const bare = await notes(...secrets, "--namespace", "people");
  assert.match(bare, /kubectl -n people exec deploy\/try-api -- collabry-api health/);
  assert.match(bare, /helm -n people test try/);
  assert.match(bare, /http:\/\/chat\.example\.org/);
  for (const missing of [/No backups are made/, /Monitoring is off/, /without TLS in front nobody can sign in/]) assert.match(bare, missing);
  assert.doesNotMatch(bare, /STOPPED/);
  const whole = await notes(...secrets, ...OPERATOR, "--set", "ingress.tlsSecret=tls", "--set", "settings.COLLABRY_BACKUP_URL=s3://backups", "--set", "stopped=true");
  assert.match(whole, /https:\/\/chat\.example\.org/);
  assert.match(whole, /STOPPED/);
  for (const missing of [/No backups/, /Monitoring is off/, /without TLS/]) assert.doesNotMatch(whole, missing);
});
