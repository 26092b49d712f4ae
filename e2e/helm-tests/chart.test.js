// The Helm chart, rendered and checked against the schemas of Kubernetes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const CHART = join(ROOT, "docker/helm");
const KUBERNETES = "1.34";
/** Of Prometheus' operator, whose schemas are not Kubernetes'. */
const OTHERS = ["ServiceMonitor"];

const run = promisify(execFile);
const script = async (...args) => (await run(join(ROOT, "scripts", args[0]), args.slice(1))).stdout.trim();
const [helm, python, operator] = await Promise.all([script("go-tool.sh", "helm"), script("kubernetes-validate.sh"), script("monitoring-schemas.sh")]);

const folder = await mkdtemp(join(tmpdir(), "collabry-helm-"));
after(() => rm(folder, { recursive: true }));

const SECRETS = ["MONGODB_URI", "REDIS_URL", "COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET"];
const secrets = SECRETS.flatMap((name) => ["--set", `secrets.${name}=something`]);

/** The resources that the chart makes. @param {...string} settings @returns {Promise<any[]>} */
async function rendered(...settings) {
  const { stdout } = await run(helm, ["template", "try", CHART, "--kube-version", KUBERNETES, ...settings]);
  const file = join(folder, "rendered.yaml");
  await writeFile(file, stdout);
  const toJson = "import json, sys, yaml; print(json.dumps([d for d in yaml.safe_load_all(open(sys.argv[1])) if d]))";
  return JSON.parse((await run(join(python, "python"), ["-c", toJson, file])).stdout);
}

/** @param {any[]} resources */
async function validate(resources) {
  const ours = resources.filter(({ kind }) => !OTHERS.includes(kind));
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
  const all = await rendered(...secrets);
  await validate(all);
  const little = ["existingSecret=mine", "api.autoscaling.enabled=false", "ingress.enabled=false", "monitoring.enabled=false", "networkPolicies=false"];
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
  await assert.rejects(rendered(), /secrets\.\w+ is not set, and neither is existingSecret/);
});

test("the ai-engines are reached by api and worker only, and the apis know them by name", async () => {
  const all = await rendered(...secrets, "--set", "aiEngine.replicas=3");
  const { spec } = of(all, "NetworkPolicy", "try-ai-engine");
  const engine = of(all, "StatefulSet", "try-ai-engine").spec;
  assert.deepEqual(spec.podSelector.matchLabels, engine.selector.matchLabels);
  const onHttp = spec.ingress.filter(({ ports }) => ports.some(({ port }) => port === "http"));
  const components = onHttp.flatMap(({ from }) => from.map((peer) => peer.podSelector.matchLabels["app.kubernetes.io/component"]));
  assert.deepEqual(components, ["api", "worker"]);
  const urls = of(all, "ConfigMap", "try").data.COLLABRY_ENGINE_URLS.split(",");
  assert.deepEqual(urls, [0, 1, 2].map((n) => `http://try-ai-engine-${n}.try-ai-engine:5100`));
  assert.equal(engine.serviceName, "try-ai-engine");
});

test("apis grow with CPU and streams, and end one after the other", async () => {
  const all = await rendered(...secrets);
  const { metrics, scaleTargetRef } = of(all, "HorizontalPodAutoscaler", "try-api").spec;
  assert.equal(scaleTargetRef.name, "try-api");
  assert.deepEqual(metrics.map(({ type }) => type), ["Resource", "Pods"]);
  const documented = await readFile(join(ROOT, "docs/metrics.md"), "utf8");
  assert.ok(documented.includes(`| \`${metrics[1].pods.metric.name}\` | gauge |`), "there is such a metric");
  const api = of(all, "Deployment", "try-api").spec;
  assert.equal(api.replicas, undefined, "the number is the autoscaler's");
  assert.deepEqual(api.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  assert.equal(of(all, "PodDisruptionBudget", "try-api").spec.maxUnavailable, 1);
  assert.deepEqual([of(all, "Deployment", "try-worker").spec.replicas, of(all, "Deployment", "try-worker").spec.strategy.type], [1, "Recreate"]);
});

test("every container is confined and looked after", async () => {
  const workloads = (await rendered(...secrets)).filter(({ spec }) => spec?.template);
  assert.equal(workloads.length, 4);
  for (const { metadata, spec: { template } } of workloads) {
    const [container] = template.spec.containers;
    assert.ok(container.securityContext.readOnlyRootFilesystem && template.spec.securityContext.runAsNonRoot, metadata.name);
    assert.ok(container.readinessProbe && container.livenessProbe && container.resources.requests, metadata.name);
    assert.equal(template.spec.topologySpreadConstraints.length, 2);
  }
});

test("what is set reaches every role", async () => {
  const all = await rendered(...secrets, "--set", "settings.OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "--set-string", "settings.COLLABRY_TRACE_SAMPLE=0.5");
  const { data } = of(all, "ConfigMap", "try");
  assert.deepEqual([data.OTEL_EXPORTER_OTLP_ENDPOINT, data.COLLABRY_TRACE_SAMPLE], ["http://collector:4318", "0.5"]);
  for (const name of ["api", "ai-engine", "worker"]) {
    const [{ envFrom }] = all.find(({ metadata, spec }) => metadata.name === `try-${name}` && spec?.template).spec.template.spec.containers;
    assert.deepEqual(envFrom, [{ configMapRef: { name: "try" } }, { secretRef: { name: "try" } }], name);
  }
});

test("Prometheus finds every role, and streams pass the ingress", async () => {
  const all = await rendered(...secrets);
  const { selector, endpoints } = of(all, "ServiceMonitor", "try").spec;
  const scraped = all.filter(({ kind, metadata, spec }) => kind === "Service" &&
    Object.entries(selector.matchLabels).every(([name, value]) => metadata.labels[name] === value) &&
    spec.ports.some(({ name }) => name === endpoints[0].port));
  assert.deepEqual(scraped.map(({ metadata }) => metadata.name).sort(), ["try-ai-engine", "try-api", "try-worker"]);
  const { annotations } = of(all, "Ingress", "try-nginx").metadata;
  assert.equal(annotations["nginx.ingress.kubernetes.io/affinity"], "cookie");
  assert.equal(annotations["nginx.ingress.kubernetes.io/proxy-buffering"], "off");
  assert.equal(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"], "3600");
});
