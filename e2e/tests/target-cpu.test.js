// What cargo compiles for: the level of this machine's processor, or the one that was asked for.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const skip = process.arch !== "x64" && "levels are of x86-64";

const MANIFEST = '[package]\nname = "levels"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n';
/** Fails with the flags that C++ gets and the features that Rust may use. */
const BUILD = `fn main() {
  let of = |name| std::env::var(name).unwrap();
  panic!("<{}><{}>", of("CXXFLAGS_x86_64_unknown_linux_gnu"), of("CARGO_CFG_TARGET_FEATURE"));
}`;

const folder = await mkdtemp(join(tmpdir(), "collabry-levels-"));
before(async () => {
  for (const name of ["src", "scripts"]) await mkdir(join(folder, name));
  for (const name of ["scripts/target-cpu.sh", ".cargo"]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  await writeFile(join(folder, "Cargo.toml"), MANIFEST);
  await writeFile(join(folder, "build.rs"), BUILD);
  await writeFile(join(folder, "src/main.rs"), "fn main() {}");
});
after(() => rm(folder, { recursive: true }));

const choose = (/** @type {string[]} */ ...level) => run(join(folder, "scripts/target-cpu.sh"), level);

/** Nothing in the environment that cargo would prefer to its files. */
function environment() {
  const { RUSTFLAGS, CARGO_TARGET_DIR, CXXFLAGS_x86_64_unknown_linux_gnu, ...others } = process.env;
  return others;
}

/** The flags that C++ gets, and the features that Rust may use. */
async function compiledFor() {
  const failed = await run("cargo", ["check"], { cwd: folder, env: environment() }).then(() => assert.fail(), (error) => error);
  const said = /<([^>]+)><([^>]+)>/.exec(failed.stderr);
  assert.ok(said, failed.stderr);
  return { cxx: said[1], features: said[2].split(",") };
}

test("each level reaches Rust and C++", { skip }, async () => {
  for (const [level, newest, next] of [
    ["x86-64-v4", "avx512f", "avx512vbmi"],
    ["x86-64-v3", "avx2", "avx512f"],
    ["x86-64-v2", "sse4.2", "avx2"],
  ]) {
    await choose(level);
    const { cxx, features } = await compiledFor();
    assert.equal(cxx, `-O3 -march=${level}`);
    assert.ok(features.includes(newest), `${level}: ${features}`);
    assert.ok(!features.includes(next), `${level}: ${features}`);
  }
});

test("without a choice it is x86-64-v3", { skip }, async () => {
  await rm(join(folder, ".cargo/machine.toml"), { force: true });
  const { cxx, features } = await compiledFor();
  assert.equal(cxx, "-O3 -march=x86-64-v3");
  assert.ok(features.includes("avx2"));
});

test("when nothing is asked for, it is what this machine's processor has", { skip }, async () => {
  await choose();
  const [, flags] = /** @type {RegExpExecArray} */ (/^flags\s*: (.+)$/m.exec(await readFile("/proc/cpuinfo", "utf8")));
  const has = (/** @type {string} */ names) => names.split(" ").every((name) => flags.split(" ").includes(name));
  const level = has("avx512f avx512bw avx512cd avx512dq avx512vl") ? 4 : has("avx2 bmi2 fma movbe") ? 3 : 2;
  assert.equal((await compiledFor()).cxx, `-O3 -march=x86-64-v${level}`);
});

test("a level that does not exist is refused, and nothing changes", { skip }, async () => {
  await choose("x86-64-v2");
  const refused = await choose("x86-64-v9").then(() => assert.fail(), (error) => error);
  assert.equal(refused.code, 64);
  assert.match(refused.stderr, /no level x86-64-v9.*x86-64-v2 x86-64-v3 x86-64-v4/);
  assert.equal((await compiledFor()).cxx, "-O3 -march=x86-64-v2");
});
