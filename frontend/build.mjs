// Builds the office's CSS and JavaScript into the package: names carry a hash, manifest.json maps them.
import { build } from "esbuild";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(here, "../dialogue/kit/static/kit/built");
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const made = await build({
  absWorkingDir: here,
  entryPoints: { office: "js/office.js", "office-style": "css/office.css", public: "css/public.css" },
  outdir: target,
  bundle: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  legalComments: "external",
});

const names = {};
for (const [file, facts] of Object.entries(made.metafile.outputs)) {
  if (!facts.entryPoint) continue;
  const extension = file.endsWith(".css") ? ".css" : ".js";
  const plain = { "js/office.js": "office.js", "css/office.css": "office.css", "css/public.css": "public.css" }[facts.entryPoint];
  if (plain && plain.endsWith(extension)) names[plain] = basename(file);
}
writeFileSync(join(target, "manifest.json"), JSON.stringify(names, null, 1));
